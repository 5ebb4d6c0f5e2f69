using System.Net;
using Common;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Tests.Diagnostics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>Where a listener's application runs, and when it leaves the loops.</summary>
public sealed class SchedulingTests : IDisposable
{
    private static readonly IPEndPoint s_endPoint = new(IPAddress.Loopback, 80);

    // A test that fails must not leave the process hanging.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly LogCollector _log = new();
    private readonly EventLoop _loop = new();
    private readonly ManualResetEventSlim _release = new();

    // One of the two threads that stand by is kept for the loop: two handlers that block at once are too many.
    private readonly EventLoopGroup _group = new(new EventLoopGroupOptions { LoopCount = 1, StandbyThreadsMax = 2 });

    public SchedulingTests() => _loop.Start();

    public void Dispose()
    {
        _release.Set();
        _group.Dispose();
        _loop.Dispose();
    }

    [Theory]
    [InlineData(Scheduling.Adaptive, true)]
    [InlineData(Scheduling.Inline, true)]
    [InlineData(Scheduling.ThreadPool, false)]
    public void RunsInline_NothingBlocked_IsWhatTheModeSays(Scheduling mode, bool runsInline) =>
        Assert.Equal(runsInline, Create(mode).RunsInline);

    [Theory]
    [InlineData(Scheduling.Inline, true)]
    [InlineData(Scheduling.ThreadPool, false)]
    public void OnStuck_NotAdaptive_ChangesNothing(Scheduling mode, bool runsInline)
    {
        var scheduling = Create(mode);

        scheduling.OnStuck(_loop, isHandedOver: false);

        Assert.Equal(runsInline, scheduling.RunsInline);
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public void OnStuck_AFewHandOvers_StaysOnTheLoops()
    {
        var scheduling = Create(Scheduling.Adaptive);

        for (var i = 0; i < 10; i++)
        {
            scheduling.OnStuck(_loop, isHandedOver: true);
        }

        Assert.True(scheduling.RunsInline);
    }

    [Fact]
    public async Task OnStuck_NoThreadLeft_LeavesTheLoopsWarnsOnceAndReturns()
    {
        var scheduling = Create(Scheduling.Adaptive);
        for (var episode = 0; episode < 2; episode++)
        {
            scheduling.OnStuck(_loop, isHandedOver: false);
            Assert.False(scheduling.RunsInline);

            await Waiting.UntilAsync(() => scheduling.RunsInline);
        }

        // The log hears of it on the thread pool.
        await Waiting.UntilAsync(() => _log.Entries.Any(entry => entry.Level == LogLevel.Warning));
        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Warning);
    }

    [Fact]
    public async Task RunsInline_HandlersHoldAThreadOfTheReserve_IsFalseUntilOneIsBack()
    {
        var scheduling = Create(Scheduling.Adaptive);
        await TakeReserveAsync();

        Assert.Equal((false, true), (scheduling.RunsInline, scheduling.IsAway));

        _release.Set();
        await Waiting.UntilAsync(() => scheduling.RunsInline);
        Assert.False(scheduling.IsAway);
        Assert.Empty(_log.Entries);
    }

    // Goal: the first to block beyond the reserve's begin leaves for long. Method: it is away although the reserve is
    // whole again, and until the test's time passes.
    [Fact]
    public async Task OnStuck_HandlersHoldAThreadOfTheReserve_LeavesTheLoops()
    {
        var clock = new ManualClock();
        using var loop = new EventLoop(new EventLoopOptions { TimeProvider = clock });
        loop.Start();
        var scheduling = new ApplicationScheduling(Scheduling.Adaptive, s_endPoint, _group, _log, clock);
        var other = Create(Scheduling.Adaptive);
        await TakeReserveAsync();

        scheduling.OnStuck(loop, isHandedOver: true);

        _release.Set();
        await Waiting.UntilAsync(() => other.RunsInline);
        Assert.True(scheduling.IsAway);
        clock.Advance(TimeSpan.FromMinutes(1));
        await PassAsync(loop);
        Assert.True(scheduling.RunsInline);
    }

    // Goal: who is away does not return to loops that could not be taken over. Method: time is the test's; a return
    // that is due runs on the loop before what is posted behind it.
    [Fact]
    public async Task Return_HandlersStillHoldAThreadOfTheReserve_IsPutOff()
    {
        var clock = new ManualClock();
        using var loop = new EventLoop(new EventLoopOptions { TimeProvider = clock });
        loop.Start();
        var scheduling = new ApplicationScheduling(Scheduling.Adaptive, s_endPoint, _group, _log, clock);
        await TakeReserveAsync();
        scheduling.OnStuck(loop, isHandedOver: true);

        for (var i = 0; i < 3; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            await PassAsync(loop);
        }

        _release.Set();
        await Waiting.UntilAsync(() => _group.HasReserve);
        Assert.True(scheduling.IsAway);
        clock.Advance(TimeSpan.FromMinutes(1));
        await PassAsync(loop);
        Assert.True(scheduling.RunsInline);
    }

    private static async Task PassAsync(EventLoop loop)
    {
        // Two pieces: timers and work take turns.
        for (var i = 0; i < 2; i++)
        {
            var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(_ => passed.SetResult(), null);
            await passed.Task.Soon();
        }
    }

    /// <summary>Blocks handlers, one after the other, until a thread of the reserve drives the loop.</summary>
    private async Task TakeReserveAsync()
    {
        const int Handlers = 2;
        var entered = 0;
        for (var i = 0; i < Handlers; i++)
        {
            _group.Loops[0].Post(_ => Block(), null);
        }

        await Waiting.UntilAsync(
            () => Volatile.Read(ref entered) == Handlers && _group.HandOverCount >= Handlers && !_group.HasReserve);

        void Block()
        {
            Interlocked.Increment(ref entered);
            _release.Wait(s_patience);
        }
    }

    private ApplicationScheduling Create(Scheduling mode) => new(mode, s_endPoint, _group, _log);
}
