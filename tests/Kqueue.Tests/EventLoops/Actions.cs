using Kqueue.EventLoops;

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

/// <summary>Work that hears when the watch finds its loop stuck in it.</summary>
internal sealed class WatchedAction(Action execute, Action? onStuck = null) : IThreadPoolWorkItem, IWatchedHandler
{
    private int _handedOver;
    private int _notHandedOver;

    public int HandedOver => Volatile.Read(ref _handedOver);

    public int NotHandedOver => Volatile.Read(ref _notHandedOver);

    public void Execute() => execute();

    public void OnStuck(bool isHandedOver)
    {
        Interlocked.Increment(ref isHandedOver ? ref _handedOver : ref _notHandedOver);
        onStuck?.Invoke();
    }
}
