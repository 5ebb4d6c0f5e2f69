namespace KqueueTransport.Connections.Placement;

/// <summary>Where a handler runs.</summary>
internal enum Place
{
    /// <summary>On the loop, which is taken from it should it not come back.</summary>
    Loop,

    /// <summary>On the loop's thread, which gives the loop away first: the handler is likely to block.</summary>
    GivenAway,

    /// <summary>On the thread pool.</summary>
    Pool,
}
