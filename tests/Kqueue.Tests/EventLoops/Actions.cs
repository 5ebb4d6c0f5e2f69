using System.Collections.Concurrent;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;

namespace Kqueue.Tests.EventLoops;

/// <summary>A handler made of a test's own code.</summary>
internal sealed class HandlerAction(Action<KEvent> onEvent) : IEventHandler
{
    public void OnEvent(in KEvent kevent) => onEvent(kevent);
}

/// <summary>Work made of a test's own code.</summary>
internal sealed class WorkAction(Action execute) : IThreadPoolWorkItem
{
    public void Execute() => execute();
}

/// <summary>Work that hears when its loop was taken from it.</summary>
internal sealed class StayingAction(Action execute) : IThreadPoolWorkItem, IStayingHandler
{
    /// <summary>What it was told, and whether the pool told it.</summary>
    public ConcurrentQueue<(HandlerStay Stay, bool IsOnPool)> Told { get; } = [];

    public void Execute() => execute();

    public void OnStayed(HandlerStay stay) => Told.Enqueue((stay, Thread.CurrentThread.IsThreadPoolThread));
}
