namespace Kqueue.Epoll;

/// <summary>How a knote wants to hear of its condition.</summary>
internal enum Triggering
{
    /// <summary>Not at all: it does not exist or is disabled.</summary>
    None,

    /// <summary>Again at every call, as long as the condition holds.</summary>
    Level,

    /// <summary>Once per activation.</summary>
    Edge,
}
