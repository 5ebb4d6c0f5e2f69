using System.Net;
using System.Net.Sockets;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// A listener on one event loop and the peers that connect to it, with a scripted kernel in front of the system's:
/// what is prepared on it happens, everything else is real.
/// </summary>
internal sealed class ListenerFixture : IAsyncDisposable
{
    public const int Backlog = 4;

    private readonly CheckingMemoryPoolFactory _pool = new();
    private readonly TransportLoops _loops;
    private readonly List<ConnectionContext> _accepted = [];

    public ListenerFixture(string loopName = "kqueue", bool handOver = true, int? descriptorLimit = null)
    {
        Calls.Limit = descriptorLimit;
        _loops = new TransportLoops(
            new KqueueTransportOptions { LoopCount = 1 },
            Calls,
            Log,
            _pool,
            group: new EventLoopGroup(
                new EventLoopGroupOptions
                {
                    LoopCount = 1,
                    Loop =
                    {
                        Name = loopName,
                        UnhandledException = error => TransportLog.UnexpectedException(Log, "an event loop", error),
                    },
                    HandOver = handOver,
                }),
            clock: Clock);
    }

    public ScriptedSocketCalls Calls { get; } = new(SystemSocketCalls.Instance);

    public LogCollector Log { get; } = new();

    public ManualClock Clock { get; } = new();

    public List<Socket> Peers { get; } = [];

    public KqueueConnectionListener Listener { get; private set; } = null!;

    public int WarningCount => Log.Entries.Count(entry => entry.Level == LogLevel.Warning);

    public int AcceptedByTheKernel =>
        Calls.Calls.Count(made => made.Call == SocketCall.Accept && !made.Result.IsError);

    public long HandOvers => _loops.LessLoaded().Loop.HandOverCount;

    public int CountOf(SocketCall call) => Calls.Calls.Count(made => made.Call == call);

    /// <summary>Listens; the steps are the kernel's answers to the first accepts.</summary>
    public KqueueConnectionListener Listen(params SocketStep[] steps) =>
        Listen(new KqueueTransportOptions { Backlog = Backlog }, steps);

    public KqueueConnectionListener Listen(KqueueEndPointOptions options, params SocketStep[] steps)
    {
        Calls.Prepare(SocketCall.Accept, steps);
        var socket = Calls.Listen(
            new IPEndPoint(IPAddress.Loopback, 0), new KqueueTransportOptions { Backlog = 128 });
        Make(socket, options).Start();
        return Listener;
    }

    /// <summary>Makes a listener, which has not begun to accept.</summary>
    public KqueueConnectionListener Make(ListenSocket socket, KqueueEndPointOptions options) =>
        Listener = new KqueueConnectionListener(socket, _loops, options, Log);

    public async Task<Socket> ConnectAsync()
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Peers.Add(peer);
        await peer.ConnectAsync(Listener.EndPoint).Soon();
        return peer;
    }

    public async Task ConnectAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await ConnectAsync();
        }
    }

    public async Task<ConnectionContext> AcceptAsync()
    {
        var connection = await Listener.AcceptAsync().Soon();
        Assert.NotNull(connection);
        _accepted.Add(connection);
        return connection;
    }

    /// <summary>Everything that the loop was asked to do before this has been done.</summary>
    public Task LoopBarrierAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(done.SetResult);
        return done.Task.Soon();
    }

    /// <summary>Runs on the loop, after what it was asked to do before.</summary>
    public void Post(Action action) => _loops.LessLoaded().Loop.Post(_ => action(), null);

    /// <summary>Ends everything; the memory is back.</summary>
    public async ValueTask DisposeAsync()
    {
        Peers.ForEach(peer => peer.Dispose());
        foreach (var connection in _accepted)
        {
            await connection.DisposeAsync().Soon();
        }

        await Listener.DisposeAsync().Soon();
        _loops.Dispose();
        Assert.Equal(0, _pool.RentedBytes);
        Assert.Empty(_pool.Violations);
    }
}
