using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace KqueueTransport.Tests.Connections;

/// <summary>What a connection takes that waits: before its first byte, and after a request.</summary>
public sealed class IdleConnectionTests : IDisposable
{
    private const int Connections = 51;

    private static readonly SocketCalls s_calls = SystemSocketCalls.Instance;

    // The sums of the objects in src/KqueueTransport/docs/internals.md.
    private const int BytesMax = 432;
    private const int BytesOfRequestMax = 120;

    private static readonly object s_feature = new();

    private readonly KeepingMemoryPoolFactory _memory = new();
    private readonly TransportLoops _loops;
    private readonly ListenSocket _socket;
    private readonly AcceptedConnections _accepted;
    private readonly List<(Connection Connection, Socket Peer)> _connections = [];

    public IdleConnectionTests()
    {
        var options = new KqueueTransportOptions { LoopCount = 1, Scheduling = Scheduling.Inline };
        _loops = new TransportLoops(options, s_calls, NullLogger.Instance, _memory, meterFactory: null);
        _socket = s_calls.Listen(
            new IPEndPoint(IPAddress.Loopback, 0), new KqueueTransportOptions { Backlog = 1 });
        var placement = _loops.PlacementFor(_socket.EndPoint, Scheduling.Inline, NullLogger.Instance);
        _accepted = new AcceptedConnections(_socket, _loops, new EndPointContext(options, placement));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _loops.Dispose();
    }

    [Fact]
    public async Task Take_ServedAndHearsNothing_AllocatesNoMoreThanIsListed()
    {
        var bytes = new List<long>();
        for (var i = 0; i < Connections; i++)
        {
            bytes.Add(Take(connection => Assert.False(connection.Transport.Input.ReadAsync().IsCompleted)));
        }

        // The median: tables grow by a page now and then.
        Assert.InRange(bytes.Order().ElementAt(bytes.Count / 2), 1, BytesMax);
        await EndAsync();
    }

    // Counted on the loop's thread, which receives, runs the handler and sends.
    [Fact]
    public async Task Answer_FirstRequest_AllocatesNoMoreThanIsListed()
    {
        var bytes = new List<long>();
        for (var i = 0; i < Connections; i++)
        {
            Take(static connection => _ = EchoAsync(connection));
            var (connection, peer) = _connections[^1];
            var before = await AllocatedByAsync(connection.Loop);
            await peer.SendAsync(new byte[1]).Soon();
            await peer.ReceiveExactlyAsync(1);
            bytes.Add(await AllocatedByAsync(connection.Loop) - before);
        }

        Assert.InRange(bytes.Order().ElementAt(bytes.Count / 2), 1, BytesOfRequestMax);
        await EndAsync();
    }

    /// <summary>
    /// Takes a connection, which gets the features that Kestrel sets and is served; what it has allocated on this
    /// thread.
    /// </summary>
    private long Take(Action<Connection> serve)
    {
        var address = SocketCalls.CreateAddress();
        using var pair = SocketPair.Create(s_calls, new IPEndPoint(IPAddress.Loopback, 0));
        var descriptor = pair.TakeAccepted();
        Assert.False(s_calls.GetRemoteAddress(descriptor, address).IsError);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var connection = _accepted.Take(descriptor, address)!;
        SetFeaturesOfTheServer(connection);
        serve(connection);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        _connections.Add((connection, new Socket(new SafeSocketHandle(pair.TakeConnected(), ownsHandle: true))));
        return bytes;
    }

    private static async Task EchoAsync(Connection connection)
    {
        var input = connection.Transport.Input;
        while ((await input.ReadAsync().ConfigureAwait(false)).Buffer is { IsEmpty: false } buffer)
        {
            var output = connection.Transport.Output;
            output.Write(buffer.FirstSpan);
            input.AdvanceTo(buffer.End);
            await output.FlushAsync().ConfigureAwait(false);
        }
    }

    private static async Task<long> AllocatedByAsync(EventLoop loop)
    {
        var look = new Look();
        loop.Post(look);
        await Waiting.UntilAsync(() => look.HasRun);
        return look.Bytes;
    }

    private async Task EndAsync()
    {
        foreach (var (connection, peer) in _connections)
        {
            connection.Abort();
            await connection.DisposeAsync().Soon();
            peer.Dispose();
        }
    }

    // Those of Kestrel's KestrelConnection. The type of the last one is its own, IConnectionMetricsContextFeature.
    private static void SetFeaturesOfTheServer(Connection connection)
    {
        connection.Features[typeof(IConnectionHeartbeatFeature)] = s_feature;
        connection.Features[typeof(IConnectionCompleteFeature)] = s_feature;
        connection.Features[typeof(IConnectionLifetimeNotificationFeature)] = s_feature;
        connection.Features[typeof(IdleConnectionTests)] = s_feature;
    }

    /// <summary>What its thread has allocated so far.</summary>
    private sealed class Look : IThreadPoolWorkItem
    {
        private volatile bool _hasRun;

        public bool HasRun => _hasRun;

        public long Bytes { get; private set; }

        public void Execute()
        {
            Bytes = GC.GetAllocatedBytesForCurrentThread();
            _hasRun = true;
        }
    }
}
