using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Common;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Connections.Input;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>Where a connection's handlers run while its listener's have left the loops.</summary>
public sealed class AbsenceTests : IAsyncDisposable
{
    private readonly ManualClock _clock = new();
    private readonly EventLoopGroup _group = new(new EventLoopGroupOptions { LoopCount = 1 });

    // Does not run, so the time after which the listener returns never comes.
    private readonly EventLoop _still = new();
    private readonly ConcurrentQueue<string> _places = new();
    private readonly TransportLoops _loops;
    private readonly ApplicationScheduling _scheduling;
    private readonly Socket _peer;
    private readonly Connection _connection;
    private readonly Task _serving;
    private TimeSpan _duration;

    public AbsenceTests()
    {
        var log = new LogCollector();
        var options = new KqueueTransportOptions();
        _loops = new TransportLoops(
            options, SystemSocketCalls.Instance, log, group: _group, clock: _clock);
        _scheduling = _loops.SchedulingFor(new IPEndPoint(IPAddress.Loopback, 0), Scheduling.Adaptive, log);
        _scheduling.OnStuck(_still, isHandedOver: false);
        (_connection, _peer) = Open(options);
        _serving = ServeAsync(_connection);
        _connection.Start();
    }

    [Fact]
    public async Task Handlers_NewConnection_RunOnStandbyThreadsUntilTheyAreKnownToBeQuick()
    {
        Assert.Equal("standby", await AskAsync());

        await AskUntilAsync("pool");

        Assert.Equal("pool", await AskAsync());
    }

    // Kestrel's thread would run the handler of a request that is here by then. On the pool, it may block.
    [Fact]
    public async Task Handlers_BytesAreThereBeforeTheFirstRead_RunOnStandbyThreads()
    {
        var (connection, peer) = Open(new KqueueTransportOptions());
        connection.Start();
        await peer.SendAsync(new byte[1].AsMemory()).Soon();
        await Waiting.UntilAsync(() => ((ConnectionReader)connection.Transport.Input).HasUnreceived);

        var serving = ServeAsync(connection);

        await peer.ReceiveExactlyAsync(1);
        Assert.Equal(["standby"], _places);
        peer.Dispose();
        await serving.Soon();
        await connection.DisposeAsync().Soon();
    }

    [Fact]
    public async Task Handlers_ConnectionThatBlocks_RunOnStandbyThreads()
    {
        _duration = TimeSpan.FromMilliseconds(30);

        for (var i = 0; i < 2 * BlockingProbation.HandlersOffLoop; i++)
        {
            Assert.Equal("standby", await AskAsync());
        }
    }

    [Fact]
    public async Task Handlers_QuickConnectionBeginsToBlock_LeaveThePool()
    {
        await AskUntilAsync("pool");

        _duration = TimeSpan.FromMilliseconds(30);

        await AskUntilAsync("standby");
    }

    public async ValueTask DisposeAsync()
    {
        _peer.Dispose();
        await _serving.Soon();
        await _connection.DisposeAsync().Soon();
        _loops.Dispose();
        _still.Dispose();
    }

    private (Connection Connection, Socket Peer) Open(KqueueTransportOptions options)
    {
        using var pair = SocketPair.Create(SystemSocketCalls.Instance, new IPEndPoint(IPAddress.Loopback, 0));
        var peer = new Socket(new SafeSocketHandle(pair.TakeConnected(), ownsHandle: true));
        var connection = new Connection(
            _loops.LeastLoaded(),
            new EndPointContext(options, _scheduling),
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
                EventLoop.Current is not null ? "loop" : Thread.CurrentThread.IsThreadPoolThread ? "pool" : "standby");
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
        Assert.True(_places.TryDequeue(out var place));
        return place;
    }

    // The answer is there before the handler is back: what it teaches may come too late for the next.
    private async Task AskUntilAsync(string place)
    {
        for (var asked = 1; await AskAsync() != place; asked++)
        {
            Assert.True(asked < 1000, $"No handler runs in the place: {place}.");
        }
    }
}
