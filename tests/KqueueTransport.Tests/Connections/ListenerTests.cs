using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>What a full queue, an unbind and a dispose do to connections that the kernel has made.</summary>
public sealed class ListenerTests : IAsyncDisposable
{
    private const int Backlog = ListenerFixture.Backlog;

    private readonly ListenerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Accept_QueueIsFull_LeavesTheRestInTheKernelUntilThereIsRoom()
    {
        _fixture.Listen();
        await _fixture.ConnectAsync(Backlog + 3);

        await Waiting.UntilAsync(() => _fixture.Listener.QueueLength == Backlog);
        await _fixture.LoopBarrierAsync();
        Assert.Equal(Backlog, _fixture.AcceptedByTheKernel);
        Assert.Equal(Backlog, _fixture.Listener.QueueLength);

        for (var i = 0; i < Backlog + 3; i++)
        {
            await _fixture.AcceptAsync();
        }
    }

    [Fact]
    public async Task Start_TheSocketCannotBeWatched_FailsAndAbortsWhatTheKernelHas()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A kqueue watches files as well.");
        using var file = File.OpenHandle("/dev/null");
        var options = new KqueueTransportOptions { Backlog = Backlog };
        var opened = _fixture.Calls.Listen(new IPEndPoint(IPAddress.Loopback, 0), options);
        var listener = _fixture.Make(new Unwatchable(opened, (int)file.DangerousGetHandle()), options);
        var peer = await _fixture.ConnectAsync();

        var error = Assert.Throws<KernelQueueException>(listener.Start);

        Assert.Equal(Errno.EPERM, error.Error);
        Assert.Null(await listener.AcceptAsync(TestContext.Current.CancellationToken).Soon());
        Assert.Equal(1, _fixture.CountOf(SocketCall.Abort));
        await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
    }

    [Fact]
    public async Task Unbind_ConnectionsWaitInTheKernel_AreStillServed()
    {
        const int Connections = Backlog + (Backlog + (Backlog / 2) + 1);
        var listener = _fixture.Listen();
        await _fixture.ConnectAsync(Connections);

        // The queue takes so many and leaves the rest: as many as FreeBSD's kernel would have kept.
        await Waiting.UntilAsync(() => _fixture.AcceptedByTheKernel == Backlog);
        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        for (var i = 0; i < Connections; i++)
        {
            var connection = await _fixture.AcceptAsync();
            await connection.Transport.Output.WriteAsync("hello"u8.ToArray()).Soon();
        }

        foreach (var peer in _fixture.Peers)
        {
            Assert.Equal("hello"u8.ToArray(), await peer.ReceiveExactlyAsync(5));
        }

        // Nobody reads from them, which is waited for, but not for ever.
        var ending = listener.AcceptAsync();
        _fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await ending.Soon());
    }

    [Fact]
    public async Task Unbind_WhileItBacksOff_ServesWhatTheKernelHas()
    {
        var listener = _fixture.Listen(SocketStep.Fails(Errno.EMFILE));
        await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => _fixture.WarningCount == 1);

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        var connection = await _fixture.AcceptAsync();
        Assert.False(connection.Transport.Input.TryRead(out _));
        Assert.Null(await listener.AcceptAsync().Soon());
    }

    [Fact]
    public async Task Unbind_DescriptorsAreExhausted_ResetsWhatTheKernelHas()
    {
        // Each wait of a hundredth of a second takes one, for as long as the test may be held up.
        const int Shortages = 100_000;
        var listener = _fixture.Listen();
        _fixture.Calls.Prepare(SocketCall.Accept, [.. Enumerable.Repeat(SocketStep.Fails(Errno.EMFILE), Shortages)]);
        var peer = await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => _fixture.WarningCount == 1);

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        Assert.Null(await listener.AcceptAsync().Soon());
        await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
    }

    [Fact]
    public async Task Unbind_EveryAcceptIsRefused_Ends()
    {
        var listener = _fixture.Listen();
        _fixture.Calls.Prepare(SocketCall.Accept, [.. Enumerable.Repeat(SocketStep.Fails(Errno.EPERM), 100)]);

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        Assert.Null(await listener.AcceptAsync().Soon());
        Assert.False(_fixture.Calls.IsPlayed);
    }

    // A storm looks so: as long as the listen socket is open, there is always one more.
    [Fact]
    public async Task Unbind_TheKernelNeverRunsOut_Ends()
    {
        var listener = _fixture.Listen();
        _fixture.Calls.Prepare(SocketCall.Accept, [.. Enumerable.Repeat(SocketStep.Fails(Errno.ECONNABORTED), 100)]);

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        Assert.Null(await listener.AcceptAsync().Soon());
        Assert.False(_fixture.Calls.IsPlayed);
    }

    [Fact]
    public async Task AcceptAsync_PendingAtUnbind_ReturnsNull()
    {
        var listener = _fixture.Listen();
        var accepting = listener.AcceptAsync();

        await listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        Assert.Null(await accepting.Soon());
        Assert.Null(await listener.AcceptAsync().Soon());
    }

    [Fact]
    public async Task Unbind_TwiceUnderACancelledToken_DoesNotThrow()
    {
        var listener = _fixture.Listen();

        await listener.UnbindAsync(new CancellationToken(canceled: true)).Soon();
        await listener.UnbindAsync(new CancellationToken(canceled: true)).Soon();
        await listener.DisposeAsync().Soon();
    }

    [Fact]
    public async Task AcceptAsync_TokenCancelled_ThrowsAndGoesOnAccepting()
    {
        var listener = _fixture.Listen();
        using var source = new CancellationTokenSource();
        var accepting = listener.AcceptAsync(source.Token);

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting.Soon());
        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task Dispose_ConnectionsNobodyTook_AreResetAndClosedOnce()
    {
        var listener = _fixture.Listen();
        await _fixture.ConnectAsync(3);

        await Waiting.UntilAsync(() => _fixture.AcceptedByTheKernel == 3);
        await listener.DisposeAsync().Soon();

        Assert.Equal(3, _fixture.Calls.Calls.Count(made => made.Call is SocketCall.Abort or SocketCall.Close));
        foreach (var peer in _fixture.Peers)
        {
            await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
        }
    }

    /// <summary>A listen socket that is registered with the number of a file, which epoll does not watch.</summary>
    private sealed class Unwatchable(ListenSocket opened, int file) : ListenSocket
    {
        private bool _isRegistered;

        public override int Descriptor => Interlocked.Exchange(ref _isRegistered, true) ? opened.Descriptor : file;

        public override EndPoint EndPoint => opened.EndPoint;

        public override SocketOption[]? OptionsToSet => opened.OptionsToSet;

        public override void Dispose() => opened.Dispose();
    }
}
