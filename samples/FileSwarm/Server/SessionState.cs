namespace FileSwarm.Server;

/// <summary>How far a client is. The order matters: each state includes those before it.</summary>
internal enum SessionState
{
    /// <summary>It has left. Nobody comes back.</summary>
    Gone,

    /// <summary>It takes its share.</summary>
    Joined,

    /// <summary>It has its share, and so can serve others.</summary>
    Ready,

    /// <summary>It has the whole file, and the hash was right.</summary>
    Done,
}
