using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

// How long entries wait for the loop, by a clock that stands still but for what the test says.
public abstract partial class EventLoopContract
{
    private static readonly TimeSpan s_handlerTime = TimeSpan.FromMilliseconds(5);

    private readonly ManualClock _delayClock = new();
    private readonly Lock _restGate = new();

    // Whether the loop is in a wait, between its two looks at the clock. Under _restGate.
    private bool _isResting;

    [Fact]
    public void Delay_SeveralEntriesOfOneTurn_IsThatOfTheLast()
    {
        var (loop, delays) = StartMeasuredLoop();

        RunOn(loop, () =>
        {
            loop.Post(Advance(s_handlerTime));
            loop.Post(Advance(s_handlerTime));
            loop.Post(Advance(s_handlerTime));
        });

        Until.Holds(() => delays.All.Length == 2, "There is no delay of each turn.");
        Assert.Equal([TimeSpan.Zero, 2 * s_handlerTime], delays.All);
    }

    // The kernel had it while the handler before it ran: the next wait finds it at once.
    [Fact]
    public void Delay_ReadyWhileAHandlerRan_IsTheHandlersTime()
    {
        var (loop, delays) = StartMeasuredLoop();
        var pair = ConnectPair();
        using var heard = new ManualResetEventSlim();
        using var registration = loop.Register(pair.Near.Ident, new HandlerAction(_ => heard.Set()));
        registration.Arm(KEventFilter.Read, KEventFlags.Clear);

        RunOn(loop, () =>
        {
            pair.Peer.Send(1);
            pair.Near.WaitForBytes(1);
            _delayClock.Advance(s_handlerTime);
        });

        Until.IsSet(heard, "The byte does not come.");
        Until.Holds(() => delays.All.Length == 2, "There is no delay of each turn.");
        Assert.Equal([TimeSpan.Zero, s_handlerTime], delays.All);
    }

    [Fact]
    public void Delay_LoopRestedBefore_IsNone()
    {
        var (loop, delays) = StartMeasuredLoop();
        RunOn(loop, () => _delayClock.Advance(s_handlerTime));

        Rest();
        RunOn(loop, () => { });

        Assert.Equal([TimeSpan.Zero, TimeSpan.Zero], delays.All);
    }

    // A timer that is set from outside wakes the loop, and nobody waits for the wake.
    [Fact]
    public void Delay_OnlyAWakeCame_IsNotTold()
    {
        var (loop, delays) = StartMeasuredLoop();
        Rest();
        var waits = loop.WaitCount;

        using var timer = loop.Schedule(TimeSpan.FromHours(1), static _ => { }, null);

        Until.Holds(() => loop.WaitCount > waits, "The loop does not wake.");
        Rest();
        Assert.Empty(delays.All);
    }

    [Fact]
    public void Delay_NobodyListens_IsNotTold()
    {
        var (loop, delays) = StartMeasuredLoop();
        delays.IsWanted = false;

        RunOn(loop, () => loop.Post(Advance(s_handlerTime)));
        RunOn(loop, () => { });
        Assert.Empty(delays.All);

        delays.IsWanted = true;
        Rest();
        RunOn(loop, () => { });
        Assert.Equal([TimeSpan.Zero], delays.All);
    }

    [Fact]
    public void Delay_WhoIsToldThrows_TheEntryRuns()
    {
        Exception? unhandled = null;
        var options = Options();
        options.UnhandledException = error => unhandled = error;
        var loop = StartLoop(options);
        loop.QueueDelays = new Delays { Throws = true };

        RunOn(loop, () => { });

        Assert.IsType<InvalidOperationException>(unhandled);
    }

    private (EventLoop Loop, Delays Delays) StartMeasuredLoop()
    {
        var options = Options();
        options.TimeProvider = _delayClock;
        var loop = CreateCountedLoop(out var queue, options);
        queue.Waiting = timeoutNs => SetResting(timeoutNs != 0);
        queue.Waited = () => SetResting(false);
        loop.Start();
        var delays = new Delays();
        loop.QueueDelays = delays;
        return (loop, delays);
    }

    private WorkAction Advance(TimeSpan time) => new(() => _delayClock.Advance(time));

    private void SetResting(bool isResting)
    {
        lock (_restGate)
        {
            _isResting = isResting;
        }
    }

    /// <summary>The loop waits for longer than it has run before.</summary>
    private void Rest() => Until.Holds(TryRest, "The loop does not get to its wait.");

    private bool TryRest()
    {
        lock (_restGate)
        {
            // A wake of its last turn may end the wait at once, but not before the clock shows it.
            if (_isResting)
            {
                _delayClock.Advance(TimeSpan.FromSeconds(1));
            }

            return _isResting;
        }
    }
}
