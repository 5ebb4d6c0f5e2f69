namespace Kqueue.EventLoops.Work;

/// <summary>Is told how long what loops have to do waits for them. On the loops, one call at a time for each.</summary>
internal interface IQueueDelays
{
    /// <summary>Whether somebody listens at the moment. Asked once for each wait.</summary>
    bool IsWanted { get; }

    /// <summary>The longest that an entry of one turn can have waited.</summary>
    void Add(EventLoop loop, TimeSpan delay);
}
