using System.Net;
using Common;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Tests.Diagnostics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>When a listener's newcomers keep off the loops.</summary>
public sealed class ListenerPlacementTests : IDisposable
{
    private const int TooMany = 65;
    private static readonly IPEndPoint s_endPoint = new(IPAddress.Loopback, 80);

    private readonly ManualClock _clock = new();
    private readonly LogCollector _log = new();
    private readonly EventLoopGroup _group = new(new EventLoopGroupOptions { LoopCount = 1, StandbyThreadsMax = 1 });
    private readonly ManualResetEventSlim _release = new();

    public void Dispose()
    {
        _release.Set();
        _group.Dispose();
    }

    [Theory]
    [InlineData(Scheduling.Adaptive, true)]
    [InlineData(Scheduling.Inline, true)]
    [InlineData(Scheduling.ThreadPool, false)]
    public void RunsInline_NothingBlocked_IsWhatTheModeSays(Scheduling mode, bool runsInline) =>
        Assert.Equal(runsInline, Create(mode).RunsInline);

    [Fact]
    public void OnBlocked_AFewTimesASecond_StaysOnTheLoops()
    {
        var placement = Create(Scheduling.Adaptive);

        for (var second = 0; second < 5; second++)
        {
            Block(placement, TooMany - 1);
            _clock.Advance(TimeSpan.FromSeconds(1.1));
        }

        Assert.True(placement.RunsInline);
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public async Task OnBlocked_TooOften_LeavesTheLoopsWarnsOnceAndReturns()
    {
        var placement = Create(Scheduling.Adaptive);
        for (var episode = 0; episode < 2; episode++)
        {
            Block(placement, TooMany);
            Assert.Equal((true, false), (placement.IsAway, placement.RunsInline));

            _clock.Advance(TimeSpan.FromSeconds(1.1));
            Assert.Equal((false, true), (placement.IsAway, placement.RunsInline));
        }

        // The log hears of it on the thread pool.
        await Waiting.UntilAsync(() => _log.Entries.Any(entry => entry.Level == LogLevel.Warning));
        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Warning);
    }

    [Fact]
    public void OnBlocked_OffTheLoopsWhileAway_StaysAwayForLonger()
    {
        var placement = Create(Scheduling.Adaptive);
        Block(placement, TooMany);

        for (var i = 0; i < 10; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(0.9));
            placement.OnBlocked(wasOnLoop: false);
            Assert.True(placement.IsAway);
        }

        _clock.Advance(TimeSpan.FromSeconds(1.1));
        Assert.False(placement.IsAway);
    }

    [Fact]
    public void OnBlocked_OffTheLoops_NeverLeavesThem()
    {
        var placement = Create(Scheduling.Adaptive);

        for (var i = 0; i < 10 * TooMany; i++)
        {
            placement.OnBlocked(wasOnLoop: false);
        }

        Assert.False(placement.IsAway);
    }

    [Fact]
    public async Task CanBlock_AsManyAreLeftBehindAsMay_IsFalseUntilOneIsBack()
    {
        var placement = Create(Scheduling.Adaptive);
        _group.Loops[0].Post(
            _ =>
            {
                Assert.True(EventLoop.TryGiveAway());
                _release.Wait(TimeSpan.FromMinutes(1));
            },
            null);

        await Waiting.UntilAsync(() => !placement.CanBlock);
        Assert.False(placement.RunsInline);
        Assert.True(Create(Scheduling.Inline).RunsInline);

        _release.Set();
        await Waiting.UntilAsync(() => placement.RunsInline);
    }

    private static void Block(ListenerPlacement placement, int times)
    {
        for (var i = 0; i < times; i++)
        {
            placement.OnBlocked(wasOnLoop: true);
        }
    }

    private ListenerPlacement Create(Scheduling mode) => new(mode, s_endPoint, _group, _log, _clock);
}
