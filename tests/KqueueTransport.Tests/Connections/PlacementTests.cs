using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Common;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Connections.Input;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>Where a connection's handlers run while its listener's newcomers keep off the loops.</summary>
public sealed class PlacementTests : IAsyncDisposable
{
    private readonly ManualClock _clock = new();

    // Handlers give their loop away by themselves. The watch comes after an hour: it takes loops from threads that a
    // busy machine sets aside, too, and where their handlers run then is not for the placement to say.
    private readonly EventLoopGroup _group = new(
        new EventLoopGroupOptions { LoopCount = 1, WatchPeriod = TimeSpan.FromHours(1) });

    private readonly ConcurrentQueue<string> _places = new();
    private readonly TransportLoops _loops;
    private readonly HandlerPlacement _placement;
    private readonly Socket _peer;
    private readonly Connection _connection;
    private readonly Task _serving;
    private TimeSpan _duration;

    public PlacementTests()
    {
        var log = new LogCollector();
        var options = new KqueueTransportOptions();
        _loops = new TransportLoops(
            options, SystemSocketCalls.Instance, log, group: _group, clock: _clock);
        _placement = _loops.PlacementFor(new IPEndPoint(IPAddress.Loopback, 0), Scheduling.Adaptive, log);
        for (var i = 0; i <= 64; i++)
        {
            byte another = 0;
            _placement.OnRan(ref another, HandlerStay.Blocked, onLoop: true);
        }

        (_connection, _peer) = Open(options);
        _serving = ServeAsync(_connection);
        _connection.Start();
    }

    [Fact]
    public async Task Handlers_NewConnection_RunOffTheLoopUntilTheyAreKnownToBeQuick()
    {
        Assert.Equal("given away", await AskAsync());

        await AskUntilAsync("loop");

        Assert.Equal("loop", await AskAsync());
    }

    // Kestrel's thread would run the handler of a request that is here by then. On the pool, it may block.
    [Fact]
    public async Task Handlers_BytesAreThereBeforeTheFirstRead_RunOffTheLoop()
    {
        var (connection, peer) = Open(new KqueueTransportOptions());
        connection.Start();
        await peer.SendAsync(new byte[1].AsMemory()).Soon();
        await Waiting.UntilAsync(() => ((ConnectionReader)connection.Transport.Input).HasUnreceived);

        var serving = ServeAsync(connection);

        await peer.ReceiveExactlyAsync(1);

        // On the pool, where the loop has received before this thread has come to await it.
        Assert.True(Assert.Single(_places) is "given away" or "pool");
        peer.Dispose();
        await serving.Soon();
        await connection.DisposeAsync().Soon();
    }

    [Fact]
    public async Task Handlers_ConnectionThatBlocks_RunOffTheLoop()
    {
        _duration = TimeSpan.FromMilliseconds(30);

        for (var i = 0; i < 16; i++)
        {
            Assert.Equal("given away", await AskAsync());
        }
    }

    [Fact]
    public async Task Handlers_ConnectionHasStoppedBlocking_AreBackOnTheLoop()
    {
        _duration = TimeSpan.FromMilliseconds(30);
        await AskAsync();

        _duration = TimeSpan.Zero;

        await AskUntilAsync("loop");
    }

    public async ValueTask DisposeAsync()
    {
        _peer.Dispose();
        await _serving.Soon();
        await _connection.DisposeAsync().Soon();

        // The handlers end on the loop, and what awaits them goes on there: the next test would begin on it.
        await Task.Yield();
        _loops.Dispose();
    }

    private (Connection Connection, Socket Peer) Open(KqueueTransportOptions options)
    {
        using var pair = SocketPair.Create(SystemSocketCalls.Instance, new IPEndPoint(IPAddress.Loopback, 0));
        var peer = new Socket(new SafeSocketHandle(pair.TakeConnected(), ownsHandle: true));
        var connection = new Connection(
            _loops.LessLoaded(),
            new EndPointContext(options, _placement),
            pair.TakeAccepted(),
            pair.ListenEndPoint,
            peer.LocalEndPoint);
        return (connection, peer);
    }

    private async Task ServeAsync(Connection connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        while (true)
        {
            var result = await input.ReadAsync().ConfigureAwait(false);
            if (result.Buffer.IsEmpty)
            {
                return;
            }

            _places.Enqueue(
                EventLoop.Current is not null ? "loop"
                : Thread.CurrentThread.IsThreadPoolThread ? "pool"
                : "given away");
            _clock.Advance(_duration);
            input.AdvanceTo(result.Buffer.End);
            output.GetSpan(1)[0] = 1;
            output.Advance(1);
            await output.FlushAsync().ConfigureAwait(false);
        }
    }

    private async Task<string> AskAsync()
    {
        await _peer.SendAsync(new byte[1].AsMemory()).Soon();
        await _peer.ReceiveExactlyAsync(1);

        // The answer is there before the handler is back: what it teaches would come too late for the next.
        await Waiting.UntilAsync(() => _group.ThreadCount - _group.StandbyThreadCount == 1);
        Assert.True(_places.TryDequeue(out var place));
        return place;
    }

    private async Task AskUntilAsync(string place)
    {
        for (var asked = 1; await AskAsync() != place; asked++)
        {
            Assert.True(asked < 1000, $"No handler runs in the place: {place}.");
        }
    }
}
