using System.Net;
using Common;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using static Kqueue.EventLoops.Driving.HandlerStay;

namespace KqueueTransport.Tests.Connections;

/// <summary>The table of where handlers run, by what the last ones of a connection and of its endpoint did.</summary>
public sealed class HandlerPlacementTests : IDisposable
{
    private const int TooMany = 65;
    private static readonly IPEndPoint s_endPoint = new(IPAddress.Loopback, 80);

    private readonly ManualClock _clock = new();
    private readonly LogCollector _log = new();
    private readonly EventLoopGroup _group = new(new EventLoopGroupOptions { LoopCount = 1, StandbyThreadsMax = 1 });
    private readonly ManualResetEventSlim _release = new();

    private enum Kind
    {
        New,
        Known,
        Blocks,
        Computes,
    }

    public void Dispose()
    {
        _release.Set();
        _group.Dispose();
    }

    // Every state that the transitions lead to, beside the table as one reads it.
    [Fact]
    public void Table_EveryStateAndStay_IsAsItReads()
    {
        var (here, away) = (Create(), Create());
        Block(away, TooMany);
        var (seen, next) = (new Dictionary<byte, (Kind, int)> { [0] = (Kind.New, 8) }, new Queue<byte>([0]));
        while (next.TryDequeue(out var state))
        {
            var (kind, left) = seen[state];
            Assert.Equal(PlaceOf(kind, isAway: false), here.Next(state));
            Assert.Equal(PlaceOf(kind, isAway: true), away.Next(state));
            Assert.Equal(Place.Loop, Create(Scheduling.Inline).Next(state));
            Assert.Equal(Place.Pool, Create(Scheduling.ThreadPool).Next(state));
            foreach (var stay in Enum.GetValues<HandlerStay>())
            {
                var after = state;
                Create().OnRan(ref after, stay, onLoop: true);
                if (seen.TryAdd(after, After(kind, left, stay)))
                {
                    next.Enqueue(after);
                }

                Assert.Equal(seen[after], After(kind, left, stay));
            }
        }

        Assert.Equal((8 * 3) + 1, seen.Count);
    }

    [Theory]
    [InlineData(Scheduling.Adaptive, true)]
    [InlineData(Scheduling.Inline, true)]
    [InlineData(Scheduling.ThreadPool, false)]
    public void RunsInline_NothingBlocked_IsWhatTheModeSays(Scheduling mode, bool runsInline) =>
        Assert.Equal(runsInline, Create(mode).RunsInline);

    [Fact]
    public void OnRan_AFewBlockEachSecond_StaysOnTheLoops()
    {
        var placement = Create();

        for (var second = 0; second < 5; second++)
        {
            Block(placement, TooMany - 1);
            _clock.Advance(TimeSpan.FromSeconds(1.1));
        }

        Assert.True(placement.RunsInline);
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public async Task OnRan_TooManyBlock_LeavesTheLoopsWarnsOnceAndReturns()
    {
        var placement = Create();
        for (var episode = 0; episode < 2; episode++)
        {
            Block(placement, TooMany);
            Assert.False(placement.RunsInline);

            _clock.Advance(TimeSpan.FromSeconds(1.1));
            Assert.True(placement.RunsInline);
        }

        // The log hears of it on the thread pool.
        await Waiting.UntilAsync(() => _log.Entries.Any(entry => entry.Level == LogLevel.Warning));
        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Warning);
    }

    [Fact]
    public void OnRan_BlocksOffTheLoopsWhileAway_StaysAwayForLonger()
    {
        var placement = Create();
        Block(placement, TooMany);

        for (var i = 0; i < 10; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(0.9));
            Block(placement, times: 1, onLoop: false);
            Assert.False(placement.RunsInline);
        }

        _clock.Advance(TimeSpan.FromSeconds(1.1));
        Assert.True(placement.RunsInline);
    }

    [Fact]
    public void OnRan_BlocksOffTheLoops_NeverLeavesThem()
    {
        var placement = Create();

        Block(placement, 10 * TooMany, onLoop: false);

        Assert.True(placement.RunsInline);
    }

    [Fact]
    public async Task Next_AsManyAreLeftBehindAsMay_IsThePoolUntilOneIsBack()
    {
        var placement = Create();
        _group.Loops[0].Post(
            _ =>
            {
                Assert.True(EventLoop.TryGiveAway());
                _release.Wait(TimeSpan.FromMinutes(1));
            },
            null);

        await Waiting.UntilAsync(() => placement.Next(0) is Place.Pool);
        Assert.True(Create(Scheduling.Inline).RunsInline);

        _release.Set();
        await Waiting.UntilAsync(() => placement.RunsInline);
    }

    private static Place PlaceOf(Kind kind, bool isAway) => kind switch
    {
        Kind.Computes => Place.Pool,
        Kind.Blocks => Place.GivenAway,
        Kind.New when isAway => Place.GivenAway,
        _ => Place.Loop,
    };

    private static (Kind Kind, int Left) After(Kind kind, int left, HandlerStay stay) => stay switch
    {
        Blocked => (Kind.Blocks, 8),
        Computed => (Kind.Computes, 8),
        Quick when left > 1 => (kind, left - 1),
        Quick => (Kind.Known, 0),
        _ => (kind, left),
    };

    private static void Block(HandlerPlacement placement, int times, bool onLoop = true)
    {
        for (var i = 0; i < times; i++)
        {
            byte connection = 0;
            placement.OnRan(ref connection, Blocked, onLoop);
        }
    }

    private HandlerPlacement Create(Scheduling mode = Scheduling.Adaptive) =>
        new(mode, s_endPoint, _group, _log, _clock);
}
