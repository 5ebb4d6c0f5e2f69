using Kqueue.EventLoops;
using Kqueue.Interop;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.EventLoops;

public abstract partial class EventLoopContract
{
    [Fact]
    public void Arm_ReadWhileDataArrives_CallsTheHandlerOnTheLoop()
    {
        var loop = StartLoop();
        var pair = ConnectPair();
        using var called = new ManualResetEventSlim();
        EventLoop? current = null;
        KEvent seen = default;
        using var registration = loop.Register(pair.Near.Ident, new HandlerAction(kevent =>
        {
            (seen, current) = (kevent, EventLoop.Current);
            called.Set();
        }));

        Assert.False(registration.Arm(KEventFilter.Read, Clear).IsError);
        pair.Peer.Send(1);

        Until.IsSet(called, "No event arrived.");
        Assert.Equal((pair.Near.Ident, KEventFilter.Read), (seen.Ident, seen.Filter));
        Assert.Same(loop, current);
        Assert.Null(EventLoop.Current);
    }

    [Fact]
    public void Arm_TwoRegistrations_EachHearsOfItsOwn()
    {
        var loop = StartLoop();
        var (first, second) = (ConnectPair(), ConnectPair());
        using var secondCalled = new ManualResetEventSlim();
        var firstIdents = new List<nint>();
        var secondIdents = new List<nint>();
        using var one = loop.Register(first.Near.Ident, new HandlerAction(kevent => firstIdents.Add(kevent.Ident)));
        using var two = loop.Register(second.Near.Ident, new HandlerAction(kevent =>
        {
            secondIdents.Add(kevent.Ident);
            secondCalled.Set();
        }));
        one.Arm(KEventFilter.Read, Clear);
        two.Arm(KEventFilter.Read, Clear);

        second.Peer.Send(1);

        Until.IsSet(secondCalled, "No event arrived.");
        RunOn(loop, () => { });
        Assert.Empty(firstIdents);
        Assert.All(secondIdents, ident => Assert.Equal(second.Near.Ident, ident));
    }

    // The number that everybody would choose first.
    [Fact]
    public void Disarm_AUsersOwnEventZero_LeavesTheLoopsWake()
    {
        var loop = StartLoop();
        using var own = loop.Register(0, new HandlerAction(_ => { }));
        own.Arm(KEventFilter.User, Clear);

        own.Disarm(KEventFilter.User);

        RunOn(loop, () => { });
        RunOn(loop, () => { });
    }

    [Fact]
    public void Arm_WriteOneShot_ReportsOnce()
    {
        var loop = StartLoop();
        var pair = ConnectPair();
        var calls = 0;
        var handler = new HandlerAction(_ => Interlocked.Increment(ref calls));
        using var registration = loop.Register(pair.Near.Ident, handler);

        registration.Arm(KEventFilter.Write, OneShot);

        Until.Holds(() => Volatile.Read(ref calls) == 1, "A socket with room was not reported.");
        RunOn(loop, () => { });
        Assert.Equal(1, calls);
    }

    // Without its unit the one that is soon would outlast the patience; without its time the late one fires at once.
    [Fact]
    public void Arm_TimersWithUnitAndTime_FireThen()
    {
        var loop = StartLoop();
        using var called = new ManualResetEventSlim();
        var isTooEarly = false;
        KEvent seen = default;
        using var soon = loop.Register(5, new HandlerAction(kevent =>
        {
            seen = kevent;
            called.Set();
        }));
        using var late = loop.Register(6, new HandlerAction(_ => isTooEarly = true));

        Assert.False(late.Arm(KEventFilter.Timer, OneShot, KEventNotes.Seconds, data: 3600).IsError);
        Assert.False(soon.Arm(KEventFilter.Timer, OneShot, KEventNotes.Microseconds, data: 50_000).IsError);

        Until.IsSet(called, "The timer does not fire.");
        Assert.Equal((5, KEventFilter.Timer), (seen.Ident, seen.Filter));
        RunOn(loop, () => Assert.False(isTooEarly));
    }

    [Fact]
    public void Arm_DescriptorThatIsNotOpen_ReturnsTheError()
    {
        var loop = CreateLoop();
        using var registration = loop.Register(100_000, new HandlerAction(_ => { }));

        Assert.Equal(NoDescriptor, registration.Arm(KEventFilter.Read, Clear).Error);
    }

    [Fact]
    public void Disarm_ArmedFilter_SilencesIt()
    {
        var loop = StartLoop();
        var pair = ConnectPair();
        var calls = 0;
        using var registration = loop.Register(pair.Near.Ident, new HandlerAction(_ => calls++));
        registration.Arm(KEventFilter.Read, Clear);

        Assert.False(registration.Disarm(KEventFilter.Read).IsError);
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);

        RunOn(loop, () => { });
        Assert.Equal(0, calls);
    }

    [Fact]
    public void Disarm_FilterOrDescriptorGone_IsNoError()
    {
        var loop = CreateLoop();
        var pair = ConnectPair();
        using var registration = loop.Register(pair.Near.Ident, new HandlerAction(_ => { }));

        Assert.False(registration.Disarm(KEventFilter.Read).IsError);
        pair.Near.Close();
        Assert.False(registration.Disarm(KEventFilter.Write).IsError);
    }

    [Fact]
    public void Arm_LoopThatHasEnded_ReturnsTheError()
    {
        var loop = StartLoop();
        var pair = ConnectPair();
        var registration = loop.Register(pair.Near.Ident, new HandlerAction(_ => { }));
        loop.Dispose();

        Assert.Equal(Errno.EBADF, registration.Arm(KEventFilter.Read, Clear).Error);
        registration.Dispose();
    }

    // Goal: an event of a registration that is gone reaches nobody. Both events come with one wait; whichever handler
    // is called first gives the other's place to a newcomer with the same descriptor.
    [Fact]
    public void Dispatch_RegistrationReplacedInTheSameBatch_TheStaleEventReachesNobody()
    {
        var loop = CreateLoop();
        var pairs = new[] { ConnectPair(), ConnectPair() };
        var registrations = new Registration[2];
        var (calls, newcomerCalls) = (0, 0);
        for (var i = 0; i < 2; i++)
        {
            var other = 1 - i;
            registrations[i] = loop.Register(pairs[i].Near.Ident, new HandlerAction(_ =>
            {
                calls++;
                registrations[other].Dispose();
                loop.Register(pairs[other].Near.Ident, new HandlerAction(_ => newcomerCalls++));
            }));
            registrations[i].Arm(KEventFilter.Read, Clear);
            pairs[i].Peer.Send(1);
            pairs[i].Near.WaitForBytes(1);
        }

        loop.Start();

        Until.Holds(() => Volatile.Read(ref calls) > 0, "No event arrived.");
        RunOn(loop, () => { });
        Assert.Equal((1, 0), (calls, newcomerCalls));
        Assert.Equal(2, loop.RegistrationCount);
    }

    [Fact]
    public void Dispatch_MoreEventsThanTheListHolds_AllArrive()
    {
        var options = Options();
        options.EventCapacity = 2;
        var loop = CreateLoop(options);
        using var all = new CountdownEvent(9);
        for (var i = 0; i < all.InitialCount; i++)
        {
            var pair = ConnectPair();
            loop.Register(pair.Near.Ident, new HandlerAction(_ => all.Signal())).Arm(KEventFilter.Read, Clear);
            pair.Peer.Send(1);
        }

        loop.Start();

        Until.Holds(() => all.IsSet, "Events are missing.");
    }
}
