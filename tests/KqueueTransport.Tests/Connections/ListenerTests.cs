using System.Net;
using System.Net.Sockets;
using Kqueue.Interop;
using KqueueTransport.Connections;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Pipes;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>Accepting: what the kernel may answer, and what a full queue and an unbind do.</summary>
public sealed class ListenerTests : IAsyncDisposable
{
    private const int Backlog = 4;

    private readonly ScriptedSocketCalls _calls = new(SystemSocketCalls.Instance);
    private readonly LogCollector _log = new();
    private readonly CountingMemoryPoolFactory _pool = new();
    private readonly TransportLoops _loops;
    private readonly List<Socket> _peers = [];
    private readonly List<ConnectionContext> _accepted = [];
    private ListenSocket? _socket;
    private KqueueConnectionListener? _listener;

    public ListenerTests() => _loops = new TransportLoops(
        new KqueueTransportOptions { LoopCount = 1 }, _calls, _log, _pool, meterFactory: null);

    public async ValueTask DisposeAsync()
    {
        _peers.ForEach(peer => peer.Dispose());
        foreach (var connection in _accepted)
        {
            await connection.DisposeAsync().Soon();
        }

        await _listener!.DisposeAsync().Soon();
        _loops.Dispose();
        Assert.Equal(0, _pool.RentedBytes);
    }

    [Theory]
    [InlineData(Errno.EMFILE)]
    [InlineData(Errno.ENFILE)]
    [InlineData(Errno.ENOBUFS)]
    [InlineData(Errno.ENOMEM)]
    public async Task Accept_NothingToBeHad_BacksOffWarnsOnceAndRecovers(Errno error)
    {
        var listener = Listen(SocketStep.Fails(error), SocketStep.Fails(error), SocketStep.Fails(error));

        await ConnectAsync();

        await AcceptAsync(listener);
        Assert.Equal(1, WarningCount);
        Assert.True(_calls.IsPlayed);
    }

    [Fact]
    public async Task Accept_SecondEpisodeOfErrors_WarnsAgain()
    {
        var listener = Listen(SocketStep.Fails(Errno.EMFILE), SocketStep.Fails(Errno.EMFILE));
        await ConnectAsync();
        await AcceptAsync(listener);
        await LoopBarrierAsync();
        _calls.Prepare(SocketCall.Accept, SocketStep.Fails(Errno.EMFILE), SocketStep.Fails(Errno.EMFILE));

        await ConnectAsync();
        await AcceptAsync(listener);

        Assert.Equal(2, WarningCount);
    }

    [Theory]
    [InlineData(Errno.ECONNABORTED)]
    [InlineData(Errno.EPROTO)]
    [InlineData(Errno.ENETDOWN)]
    [InlineData(Errno.EHOSTUNREACH)]
    public async Task Accept_ThePeersFault_IsSkipped(Errno error)
    {
        var listener = Listen(SocketStep.Fails(error), SocketStep.Fails(error));

        await ConnectAsync();

        await AcceptAsync(listener);
        Assert.Equal(0, WarningCount);
    }

    // A security module answers before the kernel's queue is looked at: asking again at once would never end.
    [Fact]
    public async Task Accept_RefusedByAPolicy_BacksOff()
    {
        var listener = Listen([.. Enumerable.Repeat(SocketStep.Fails(Errno.EPERM), 3)]);

        await ConnectAsync();

        await AcceptAsync(listener);
        Assert.Equal(1, WarningCount);
    }

    [Fact]
    public async Task Unbind_EveryAcceptIsRefused_Ends()
    {
        var listener = Listen();
        _calls.Prepare(SocketCall.Accept, [.. Enumerable.Repeat(SocketStep.Fails(Errno.EPERM), 100)]);

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        Assert.Null(await listener.AcceptAsync().Soon());
        Assert.False(_calls.IsPlayed);
    }

    [Fact]
    public async Task Accept_PeerIsGoneAndHasNoAddress_ClosesTheDescriptor()
    {
        var listener = Listen(SocketStep.AddressIsLost);

        await ConnectAsync();
        await ConnectAsync();

        await AcceptAsync(listener);
        await LoopBarrierAsync();
        Assert.Single(_calls.Calls, made => made.Call == SocketCall.Close);
        Assert.Equal(0, _peers[0].Receive(new byte[1]));
    }

    [Fact]
    public async Task Accept_QueueIsFull_LeavesTheRestInTheKernelUntilThereIsRoom()
    {
        var listener = Listen();
        for (var i = 0; i < Backlog + 3; i++)
        {
            await ConnectAsync();
        }

        await Waiting.UntilAsync(() => AcceptedByTheKernel == Backlog);
        await LoopBarrierAsync();
        Assert.Equal(Backlog, AcceptedByTheKernel);

        for (var i = 0; i < Backlog + 3; i++)
        {
            await AcceptAsync(listener);
        }
    }

    [Fact]
    public async Task Unbind_ConnectionsWaitInTheKernel_AreStillServed()
    {
        var listener = Listen();
        for (var i = 0; i < Backlog + 3; i++)
        {
            await ConnectAsync();
        }

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        for (var i = 0; i < Backlog + 3; i++)
        {
            var connection = await AcceptAsync(listener);
            await connection.Transport.Output.WriteAsync("hello"u8.ToArray()).Soon();
        }

        foreach (var peer in _peers)
        {
            Assert.Equal("hello"u8.ToArray(), await peer.ReceiveExactlyAsync(5));
        }

        Assert.Null(await listener.AcceptAsync().Soon());
    }

    [Fact]
    public async Task AcceptAsync_PendingAtUnbind_ReturnsNull()
    {
        var listener = Listen();
        var accepting = listener.AcceptAsync();

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        Assert.Null(await accepting.Soon());
        Assert.Null(await listener.AcceptAsync().Soon());
    }

    [Fact]
    public async Task Unbind_TwiceUnderACancelledToken_DoesNotThrow()
    {
        var listener = Listen();

        await listener.UnbindAsync(new CancellationToken(canceled: true)).Soon();
        await listener.UnbindAsync(new CancellationToken(canceled: true)).Soon();
        await listener.DisposeAsync().Soon();
    }

    [Fact]
    public async Task AcceptAsync_TokenCancelled_ThrowsAndGoesOnAccepting()
    {
        var listener = Listen();
        using var source = new CancellationTokenSource();
        var accepting = listener.AcceptAsync(source.Token);

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting.Soon());
        await ConnectAsync();
        await AcceptAsync(listener);
    }

    [Fact]
    public async Task Dispose_ConnectionsNobodyTook_AreResetAndClosedOnce()
    {
        var listener = Listen();
        for (var i = 0; i < 3; i++)
        {
            await ConnectAsync();
        }

        await Waiting.UntilAsync(() => AcceptedByTheKernel == 3);
        await listener.DisposeAsync().Soon();

        Assert.Equal(3, _calls.Calls.Count(made => made.Call is SocketCall.Abort or SocketCall.Close));
        foreach (var peer in _peers)
        {
            await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
        }
    }

    [Fact]
    public async Task Unbind_WhileItBacksOff_ServesWhatTheKernelHas()
    {
        var listener = Listen(SocketStep.Fails(Errno.EMFILE));
        await ConnectAsync();
        await Waiting.UntilAsync(() => WarningCount == 1);

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        await AcceptAsync(listener);
        Assert.Null(await listener.AcceptAsync().Soon());
    }

    [Fact]
    public async Task Accept_PeerResetsBeforeItIsTaken_ItsReadsSeeTheReset()
    {
        var listener = Listen();
        await ConnectAsync();
        await Waiting.UntilAsync(() => AcceptedByTheKernel == 1);
        _peers[0].Reset();

        var connection = await AcceptAsync(listener);

        await Assert.ThrowsAsync<ConnectionResetException>(() => connection.Transport.Input.ReadAsync().Soon());
    }

    private int WarningCount => _log.Entries.Count(entry => entry.Level == LogLevel.Warning);

    private int AcceptedByTheKernel =>
        _calls.Calls.Count(made => made.Call == SocketCall.Accept && !made.Result.IsError);

    private KqueueConnectionListener Listen(params SocketStep[] steps)
    {
        _calls.Prepare(SocketCall.Accept, steps);
        _socket = _calls.Listen(
            new IPEndPoint(IPAddress.Loopback, 0), new ListenSocketOptions(Backlog: 128, new(NoDelay: true)));
        _listener = new KqueueConnectionListener(
            _socket, _loops, new KqueueTransportOptions { Backlog = Backlog }, _log);
        _listener.Start();
        return _listener;
    }

    private async Task ConnectAsync()
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _peers.Add(peer);
        await peer.ConnectAsync(_listener!.EndPoint).Soon();
    }

    private async Task<ConnectionContext> AcceptAsync(KqueueConnectionListener listener)
    {
        var connection = await listener.AcceptAsync().Soon();
        Assert.NotNull(connection);
        _accepted.Add(connection);
        return connection;
    }

    private Task LoopBarrierAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loops.LeastLoaded().Loop.Post(_ => done.SetResult(), null);
        return done.Task.Soon();
    }
}
