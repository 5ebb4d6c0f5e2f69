using Kqueue.EventLoops;
using Kqueue.EventLoops.Registrations;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.EventLoops;

/// <summary>One registration has one thread at a time, whatever blocks.</summary>
public sealed class GroupRegistrationTests : GroupSuite
{
    private readonly SocketPair _pair = KernelUnderTest.Sockets.ConnectPair();
    private int _running;
    private int _most;
    private int _calls;

    // Goal: an event that comes while the handler is stuck waits for it. Method: the loop is idle between the event and
    // the release, as a barrier through it tells; then the handler runs again.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Events_TheHandlerBlocks_AreHeldUntilItIsBack(bool givesAway)
    {
        var (group, loop) = StartGroup();
        using var registration = Register(loop, givesAway, isReentrant: false);
        SendOne();
        Until.Holds(() => Volatile.Read(ref _running) == 1, "The handler does not run.");
        Until.Holds(() => !loop.LeftBehind.IsEmpty, "The loop was not handed over.");

        SendOne();
        Pass(loop);
        Pass(loop);

        Assert.Equal(1, Volatile.Read(ref _calls));
        Release();
        Until.Holds(() => Volatile.Read(ref _calls) == 2, "The event was lost.");
        Until.Holds(() => group.StandbyThreadCount > 0, "The thread does not come back.");
        Assert.Equal(1, _most);
        _pair.Dispose();
    }

    // A handler that keeps its calls apart by itself may wait for its own next event.
    [Fact]
    public void Events_AReentrantHandlerBlocks_AreDispatchedMeanwhile()
    {
        var loop = StartGroup().Loop;
        using var registration = Register(loop, givesAway: false, isReentrant: true);
        SendOne();
        Until.Holds(() => !loop.LeftBehind.IsEmpty, "The loop was not handed over.");

        SendOne();

        Until.Holds(() => Volatile.Read(ref _calls) == 2, "The event waits.");
        Assert.False(IsReleased);
        Release();
        _pair.Dispose();
    }

    [Fact]
    public void Events_TheRegistrationIsDisposedMeanwhile_AreNotDispatched()
    {
        var (group, loop) = StartGroup();
        var registration = Register(loop, givesAway: true, isReentrant: false);
        SendOne();
        Until.Holds(() => Volatile.Read(ref _running) == 1, "The handler does not run.");
        Until.Holds(() => !loop.LeftBehind.IsEmpty, "The loop was not handed over.");
        SendOne();
        Pass(loop);

        registration.Dispose();
        Release();

        Until.Holds(() => group.StandbyThreadCount > 0, "The thread does not come back.");
        Pass(loop);
        Assert.Equal(1, _calls);
        _pair.Dispose();
    }

    // Goal: what is reported again at every wait is not collected for as long as the handler is stuck.
    [Fact]
    public void Events_OfALevelWhileTheHandlerBlocks_AreOneWhenItIsBack()
    {
        var (group, loop) = StartGroup();
        using var registration = loop.Register(_pair.Near.Ident, new HandlerAction(_ =>
        {
            if (Interlocked.Increment(ref _calls) == 1)
            {
                Block();
                _pair.Near.Receive(1);
            }
        }));
        registration.Arm(KEventFilter.Read, None);
        SendOne();
        Until.Holds(() => !loop.LeftBehind.IsEmpty, "The loop was not handed over.");
        Pass(loop);
        Pass(loop);

        Release();

        Until.Holds(() => group.StandbyThreadCount > 0, "The thread does not come back.");
        Pass(loop);
        Pass(loop);
        Assert.InRange(_calls, 1, 10);
        _pair.Dispose();
    }

    private Registration Register(EventLoop loop, bool givesAway, bool isReentrant)
    {
        var registration = loop.Register(
            _pair.Near.Ident,
            isReentrant
                ? new ReentrantAction(() => Handle(givesAway))
                : new HandlerAction(_ => Handle(givesAway)));
        Assert.False(registration.Arm(KEventFilter.Read, Clear).IsError);
        return registration;
    }

    private void Handle(bool givesAway)
    {
        var running = Interlocked.Increment(ref _running);
        _most = Math.Max(_most, running);
        if (Interlocked.Increment(ref _calls) == 1)
        {
            Assert.Equal(givesAway, givesAway && EventLoop.TryGiveAway());
            Block();
        }

        Interlocked.Decrement(ref _running);
    }

    private void SendOne() => _pair.Peer.Send(1);

    private static void Pass(EventLoop loop)
    {
        using var passed = new ManualResetEventSlim();
        loop.Post(new WorkAction(passed.Set));
        Until.IsSet(passed, "The loop does not run what was posted.");
    }

    private sealed class ReentrantAction(Action onEvent) : IReentrantHandler
    {
        public void OnEvent(in KEvent kevent) => onEvent();
    }
}
