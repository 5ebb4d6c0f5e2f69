using System.Net;
using Common;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Tests.Diagnostics;
using static Kqueue.EventLoops.HandlerStay;

namespace KqueueTransport.Tests.Connections;

/// <summary>The table of where a connection's handlers run, by what the last ones did.</summary>
public sealed class ConnectionPlacementTests : IDisposable
{
    private static readonly IPEndPoint s_endPoint = new(IPAddress.Loopback, 80);

    private readonly EventLoopGroup _group = new(new EventLoopGroupOptions { LoopCount = 1 });
    private readonly ListenerPlacement _present;
    private readonly ListenerPlacement _away;
    private ConnectionPlacement _placement;

    public ConnectionPlacementTests()
    {
        _present = Create(Scheduling.Adaptive);
        _away = Create(Scheduling.Adaptive);
        for (var i = 0; i <= 64; i++)
        {
            _away.OnBlocked(wasOnLoop: true);
        }
    }

    private (Place Present, Place Away) Next => (_placement.Next(_present), _placement.Next(_away));

    public void Dispose() => _group.Dispose();

    [Fact]
    public void Next_NewConnection_IsOnTheLoopUnlessItsListenerIsAway() =>
        Assert.Equal((Place.Loop, Place.GivenAway), Next);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Next_TwoHandlersCameBack_IsOnTheLoopAlsoWhileTheListenerIsAway(bool onLoop)
    {
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(Place.GivenAway, Next.Away);
            RunQuick(onLoop);
        }

        Assert.Equal((Place.Loop, Place.Loop), Next);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Next_OneBlockedOrComputed_IsOffTheLoopForEightQuickOnes(bool blocked)
    {
        var (stay, place) = blocked ? (Blocked, Place.GivenAway) : (Computed, Place.Pool);
        RunQuick(onLoop: true);
        _placement.OnRan(stay);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal((place, place), Next);
            _placement.OnRan(SetAside);
            Assert.Equal((place, place), Next);
            _placement.OnRan(Quick);
        }

        Assert.Equal((Place.Loop, Place.Loop), Next);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Next_TheOtherOfTheTwo_BeginsAnew(bool blocksFirst)
    {
        var (first, second) = blocksFirst ? (Blocked, Computed) : (Computed, Blocked);
        var place = blocksFirst ? Place.Pool : Place.GivenAway;
        _placement.OnRan(first);
        for (var i = 0; i < 7; i++)
        {
            _placement.OnRan(Quick);
        }

        _placement.OnRan(second);

        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(place, Next.Present);
            _placement.OnRan(Quick);
        }

        Assert.Equal(Place.Loop, Next.Present);
    }

    [Fact]
    public void Next_OnlySetAside_IsAsBefore()
    {
        for (var i = 0; i < 100; i++)
        {
            _placement.OnRan(SetAside);
        }

        Assert.Equal((Place.Loop, Place.GivenAway), Next);
    }

    [Theory]
    [InlineData(Scheduling.Inline)]
    [InlineData(Scheduling.ThreadPool)]
    public void Next_NotAdaptive_IsWhatTheModeSays(Scheduling mode)
    {
        var place = mode is Scheduling.Inline ? Place.Loop : Place.Pool;
        _placement.OnRan(Blocked);

        Assert.Equal(place, _placement.Next(Create(mode)));
    }

    private void RunQuick(bool onLoop)
    {
        if (onLoop)
        {
            _placement.OnBegins();
        }
        else
        {
            _placement.OnRan(Quick);
        }
    }

    private ListenerPlacement Create(Scheduling mode) =>
        new(mode, s_endPoint, _group, new LogCollector(), new ManualClock());
}
