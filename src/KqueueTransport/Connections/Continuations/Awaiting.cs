namespace KqueueTransport.Connections.Continuations;

/// <summary>What became of the continuation of an await.</summary>
internal enum Awaiting
{
    /// <summary>It runs when the operation is completed.</summary>
    Pending,

    /// <summary>The operation is over, so whoever brought the continuation has to see that it runs.</summary>
    Over,

    /// <summary>As <see cref="Over"/>, because another one awaits the same operation: that is an error.</summary>
    Twice,
}
