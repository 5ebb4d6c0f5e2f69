namespace Kqueue.EventLoops.Driving;

/// <summary>What a handler has done with its thread.</summary>
internal enum HandlerStay
{
    /// <summary>It came back before its loop would have been taken from it.</summary>
    Quick,

    /// <summary>It neither slept nor computed for long: the kernel had no core for its thread.</summary>
    SetAside,

    /// <summary>It computed.</summary>
    Computed,

    /// <summary>Its thread slept.</summary>
    Blocked,
}

/// <summary>A handler, or a piece of work, that wants to hear that its loop was taken from it.</summary>
internal interface IStayingHandler
{
    /// <summary>
    /// The handler is back, on the thread that ran it. Or it is not and has been away for so long that it may never be:
    /// then this is called on the thread pool, and again only if it turns out to have done something else.
    /// </summary>
    void OnStayed(HandlerStay stay);
}
