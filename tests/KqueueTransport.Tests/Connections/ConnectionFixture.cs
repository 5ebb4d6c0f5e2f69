using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// Connections of one event loop over real sockets on loopback, with a scripted kernel in front of the system's: what
/// is prepared on it happens, everything else is real.
/// </summary>
internal sealed class ConnectionFixture : IAsyncDisposable
{
    public static readonly ConnectionAbortedException AbortReason = new("The test has had enough.");

    private readonly TransportLoops _loops;
    private readonly KqueueTransportOptions _options;
    private readonly List<Connection> _connections = [];
    private readonly List<Socket> _peers = [];

    public ConnectionFixture(
        Scheduling mode = Scheduling.Adaptive,
        Action<KqueueTransportOptions>? configure = null,
        int? descriptorLimit = null,
        Action<IThreadPoolWorkItem>? queue = null)
    {
        Calls.Limit = descriptorLimit;
        _options = new KqueueTransportOptions { LoopCount = 1, Scheduling = mode };
        configure?.Invoke(_options);
        _loops = new TransportLoops(_options, Calls, new UnfailingLogger(Log), Pool, queue: queue);
    }

    public ScriptedSocketCalls Calls { get; } = new(SystemSocketCalls.Instance);

    public CheckingMemoryPoolFactory Pool { get; } = new();

    public LogCollector Log { get; } = new();

    public Meter Meter => _loops.Metrics.Meter;

    public EventLoop Loop => _loops.LessLoaded().Loop;

    /// <summary>A connection that receives events, and the socket at its other end.</summary>
    public (Connection Connection, Socket Peer) Open(Action<int>? prepare = null, bool isOutbound = false)
    {
        using var pair = SocketPair.Create(SystemSocketCalls.Instance, new IPEndPoint(IPAddress.Loopback, 0));
        var peer = new Socket(new SafeSocketHandle(pair.TakeConnected(), ownsHandle: true));
        var descriptor = pair.TakeAccepted();
        prepare?.Invoke(descriptor);
        var placement = _loops.PlacementFor(pair.ListenEndPoint, _options.Scheduling, Log);
        var connection = new Connection(
            _loops.LessLoaded(),
            new EndPointContext(_options, placement) { IsOutbound = isOutbound },
            descriptor,
            pair.ListenEndPoint,
            peer.LocalEndPoint);
        connection.Start();
        _connections.Add(connection);
        _peers.Add(peer);
        return (connection, peer);
    }

    /// <summary>Runs on the loop and returns when it is done.</summary>
    public Task OnLoopAsync(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(
            _ =>
            {
                try
                {
                    action();
                    done.SetResult();
                }
                catch (Exception error)
                {
                    done.SetException(error);
                }
            },
            null);
        return done.Task.Soon();
    }

    /// <summary>Everything that the loop was asked to do before this has been done.</summary>
    public Task LoopBarrierAsync() => OnLoopAsync(() => { });

    /// <summary>Plays an event of the kernel to a connection, on its loop.</summary>
    public Task RaiseAsync(
        Connection connection, KEventFilter filter, KEventFlags flags = KEventFlags.None, long data = 0) =>
        OnLoopAsync(() => ((IEventHandler)connection).OnEvent(
            new KEvent(connection.Descriptor, filter, flags, data: data)));

    /// <summary>How often a descriptor was given back.</summary>
    public int ClosesOf(int descriptor) =>
        Calls.CountOf(SocketCall.Close, descriptor) + Calls.CountOf(SocketCall.Abort, descriptor);

    /// <summary>It was closed once, and how.</summary>
    public void AssertClosed(Connection connection, SocketCall how)
    {
        Assert.Equal(1, ClosesOf(connection.Descriptor));
        Assert.Equal(1, Calls.CountOf(how, connection.Descriptor));
    }

    /// <summary>It is closed in an orderly way, once the loop hears of the peer.</summary>
    public async Task AssertClosedSoonAsync(Connection connection)
    {
        await Waiting.UntilAsync(() => ClosesOf(connection.Descriptor) > 0);
        AssertClosed(connection, SocketCall.Close);
    }

    /// <summary>
    /// Writes more than the sockets of both ends hold, so that the flush waits for the peer, however late it reads; the
    /// result is that, and how much was written.
    /// </summary>
    public static (Task<FlushResult> Flush, int Written) WriteMoreThanFits(Connection connection)
    {
        const int Bytes = 16 * 1024 * 1024;
        var flush = connection.Transport.Output.WriteAsync(new byte[Bytes]).AsTask();
        Assert.False(flush.IsCompleted);
        return (flush, Bytes);
    }

    /// <summary>Everything ends; the memory is back and every descriptor was closed once.</summary>
    public async ValueTask AssertEndedCleanlyAsync()
    {
        await EndAsync();
        Assert.Equal(0, Pool.RentedBytes);
        Assert.True(Pool.Violations.Count == 0, string.Join(Environment.NewLine, Pool.Violations));

        // What waits for its peer's FIN closes when the loop hears of it.
        await Waiting.UntilAsync(() => CloseCount() >= _connections.Count);
        await LoopBarrierAsync();
        Assert.Equal(_connections.Count, CloseCount());
        Assert.DoesNotContain(Log.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    /// <summary>Ends the loops, as a server's stop does in the end.</summary>
    public void EndLoops() => _loops.Dispose();

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _loops.Dispose();
        Assert.True(Pool.Violations.Count == 0, string.Join(Environment.NewLine, Pool.Violations));
    }

    private int CloseCount() => Calls.Calls.Count(made => made.Call is SocketCall.Close or SocketCall.Abort);

    private async Task EndAsync()
    {
        foreach (var peer in _peers)
        {
            peer.Dispose();
        }

        foreach (var connection in _connections)
        {
            connection.Abort();
            await connection.DisposeAsync().Soon();
        }

        await LoopBarrierAsync();
    }
}
