using System.Net;
using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Outbound;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Tests.Outbound;

/// <summary>Connections that are made, refused, given up, and the one close that each descriptor gets.</summary>
public sealed class ConnectTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private readonly ScriptedSocketCalls _calls = new(SystemSocketCalls.Instance);
    private readonly LogCollector _log = new();
    private readonly KqueueTransportOptions _options = new() { LoopCount = 1 };
    private readonly Lazy<TransportLoops> _loops;
    private readonly Lazy<Connector> _connector;
    private int? _peer;

    public ConnectTests()
    {
        _loops = new(() => new TransportLoops(_options, _calls, _log, memoryPoolFactory: null));
        _connector = new(() => new Connector(_loops.Value, _options, _log));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_loops.IsValueCreated)
        {
            _loops.Value.Dispose();
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Connect_SomebodyListens_BytesGoBothWays(string address)
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Parse(address), 0));

        await using var connection = await ConnectAsync(listener.LocalEndPoint!);
        using var peer = await listener.AcceptAsync(Token);

        await AssertExchangeAsync(connection, peer);
        Assert.Equal(listener.LocalEndPoint, connection.RemoteEndPoint);
        Assert.Equal(peer.RemoteEndPoint, connection.LocalEndPoint);
    }

    [Fact]
    public async Task Connect_Name_TriesBothFamilies()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        await using var connection = await ConnectAsync(new DnsEndPoint("localhost", port));
        using var peer = await listener.AcceptAsync(Token);

        await AssertExchangeAsync(connection, peer);
    }

    [Fact]
    public async Task Connect_UnixSocket_Connects()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = Listen(new UnixDomainSocketEndPoint(path));

        await using var connection = await ConnectAsync(new UnixDomainSocketEndPoint(path));
        using var peer = await listener.AcceptAsync(Token);

        await AssertExchangeAsync(connection, peer);
        File.Delete(path);
    }

    // A BSD says EINVAL then, for ever, and no error of the socket's.
    [Fact]
    public async Task Connect_UnixServerClosesAtOnce_IsConnectedAndAtItsEnd()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = Listen(new UnixDomainSocketEndPoint(path));
        _calls.Prepare(SocketCall.GetRemoteAddress, [.. Enumerable.Repeat(SocketStep.Fails(Errno.EINVAL), 100)]);
        var isClosed = false;
        _calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.FinishConnect && !isClosed)
            {
                isClosed = true;
                listener.Accept().Dispose();
            }
        };

        await using var connection = await ConnectAsync(new UnixDomainSocketEndPoint(path));

        Assert.True((await connection.Transport.Input.ReadAsync(Token)).IsCompleted);
        Assert.InRange(_calls.CountOf(SocketCall.FinishConnect, connection.Descriptor), 1, 2);
        File.Delete(path);
    }

    [Fact]
    public async Task Connect_NobodyListens_IsRefused()
    {
        var free = FreeEndPoint();

        var error = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(free));

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Contains(free.ToString(), error.Message, StringComparison.Ordinal);
        AssertEveryDescriptorClosedOnce();
    }

    [Fact]
    public async Task Connect_UnixPathIsNotThere_IsRefused()
    {
        var nowhere = new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));

        var error = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(nowhere));

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Theory]
    [InlineData(Errno.ENETUNREACH, SocketError.NetworkUnreachable)]
    [InlineData(Errno.EHOSTUNREACH, SocketError.HostUnreachable)]
    [InlineData(Errno.EHOSTDOWN, SocketError.HostDown)]
    [InlineData(Errno.ETIMEDOUT, SocketError.TimedOut)]
    [InlineData(Errno.ECONNREFUSED, SocketError.ConnectionRefused)]
    public async Task Connect_KernelSaysNoLater_IsThatError(Errno errno, SocketError expected)
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        _calls.Prepare(SocketCall.FinishConnect, SocketStep.Fails(errno));

        var error = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(listener.LocalEndPoint!));

        Assert.Equal(expected, error.SocketErrorCode);
        AssertEveryDescriptorClosedOnce();
    }

    [Fact]
    public async Task Connect_IPv4MappedAddress_Connects()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        await using var connection = await ConnectAsync(new IPEndPoint(IPAddress.Loopback.MapToIPv6(), port));
        using var peer = await listener.AcceptAsync(Token);

        await AssertExchangeAsync(connection, peer);
    }

    // The kernel may choose for this end the very port that is connected to. The address any is the loopback's to it.
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    public async Task Connect_MeetsItself_IsRefused(string address)
    {
        var self = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        self.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var endPoint = (IPEndPoint)self.LocalEndPoint!;
        await self.ConnectAsync(endPoint, Token);
        self.SafeHandle.SetHandleAsInvalid();
        _calls.Prepare(SocketCall.Connect, SocketStep.Returns((int)self.SafeHandle.DangerousGetHandle()));

        var error = await Assert.ThrowsAsync<SocketException>(
            () => ConnectAsync(new IPEndPoint(IPAddress.Parse(address), endPoint.Port)));

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        AssertEveryDescriptorClosedOnce();
    }

    [Fact]
    public async Task Connect_UnixBacklogIsFull_WaitsForItsTurn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere a full backlog refuses.");
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var endPoint = new UnixDomainSocketEndPoint(path);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(endPoint);
        listener.Listen(1);

        var connecting = Enumerable.Range(0, 10).Select(_ => ConnectAsync(endPoint)).ToArray();
        await Waiting.UntilAsync(() => _calls.Calls.Any(
            made => made.Call == SocketCall.Connect && made.Result.Error == Errno.EAGAIN));
        for (var i = 0; i < connecting.Length; i++)
        {
            (await listener.AcceptAsync(Token)).Dispose();
        }

        foreach (var connection in await Task.WhenAll(connecting))
        {
            await connection.DisposeAsync();
        }

        File.Delete(path);
    }

    [Fact]
    public async Task Connect_UnixBacklogStaysFull_TimesOut()
    {
        _options.ConnectTimeout = TimeSpan.FromMilliseconds(100);
        _calls.Prepare(
            SocketCall.Connect, Enumerable.Repeat(SocketStep.Fails(Errno.EAGAIN), 10_000).ToArray());

        var error = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(
            new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()))));

        Assert.Equal(SocketError.TimedOut, error.SocketErrorCode);
    }

    [Fact]
    public async Task Dispose_OperationsArePending_EndThem()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var connection = await ConnectAsync(listener.LocalEndPoint!);
        using var peer = await listener.AcceptAsync(Token);
        var reading = connection.Transport.Input.ReadAsync(Token).AsTask();
        var flushing = connection.Transport.Output.WriteAsync(new byte[32 * 1024 * 1024], Token).AsTask();

        _loops.Value.Dispose();

        await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.WaitAsync(s_deadline, Token));
        Assert.True((await flushing.WaitAsync(s_deadline, Token)).IsCompleted);
        await connection.DisposeAsync().AsTask().WaitAsync(s_deadline, Token);
        Assert.Equal(1, _calls.CountOf(SocketCall.Abort, connection.Descriptor));
        Assert.Equal(0, _calls.CountOf(SocketCall.Close, connection.Descriptor));
    }

    [Fact]
    public async Task Connect_OutOfDescriptors_SaysSo()
    {
        _calls.Prepare(SocketCall.Connect, SocketStep.Fails(Errno.EMFILE));

        var error = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(FreeEndPoint()));

        Assert.Equal(SocketError.TooManyOpenSockets, error.SocketErrorCode);
    }

    [Fact]
    public async Task Connect_NoMemoryBehindTheKernelsAnswer_SaysSoAndClosesTheDescriptor()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        _calls.BeforeLocalAddress = static () => throw new InsufficientMemoryException();

        await Assert.ThrowsAsync<InsufficientMemoryException>(() => ConnectAsync(listener.LocalEndPoint!));

        AssertEveryDescriptorClosedOnce();
    }

    [Fact]
    public async Task Connect_NoAnswer_TimesOutAndClosesTheDescriptor()
    {
        _options.ConnectTimeout = TimeSpan.FromMilliseconds(100);
        PrepareSilence();

        var error = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(FreeEndPoint()));

        Assert.Equal(SocketError.TimedOut, error.SocketErrorCode);
        AssertEveryDescriptorClosedOnce();
    }

    [Fact]
    public async Task Connect_Cancelled_GivesUpAndClosesTheDescriptor()
    {
        PrepareSilence();
        using var cancel = new CancellationTokenSource();

        var connecting = _connector.Value.ConnectAsync(FreeEndPoint(), cancel.Token);
        await cancel.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => connecting.WaitAsync(s_deadline, Token));
        Assert.Equal(cancel.Token, error.CancellationToken);
        AssertEveryDescriptorClosedOnce();
    }

    // To the peer it was a connection, whose end is none that both have agreed on.
    [Fact]
    public async Task Connect_CancelledAfterThePeerHasAccepted_ResetsIt()
    {
        PrepareSilence();
        using var cancel = new CancellationTokenSource();
        var connecting = _connector.Value.ConnectAsync(FreeEndPoint(), cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(s_deadline, Token));
        var buffer = new byte[64 * 1024];
        var end = SocketPair.Until(
            () => SystemSocketCalls.Instance.Receive(_peer!.Value, buffer),
            result => !result.IsWouldBlock && result.Value <= 0);
        Assert.Equal(Errno.ECONNRESET, end.Error);
        AssertEveryDescriptorClosedOnce();
    }

    [Fact]
    public async Task Connect_CancelledWhileItConnects_EndsInOneOfTheTwo()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        for (var i = 0; i < 200; i++)
        {
            using var cancel = new CancellationTokenSource();
            var connecting = _connector.Value.ConnectAsync(listener.LocalEndPoint!, cancel.Token);
            var cancelling = Task.Run(cancel.Cancel, Token);
            await Task.WhenAny(connecting).WaitAsync(s_deadline, Token);
            await cancelling;
            if (connecting.IsCompletedSuccessfully)
            {
                var connection = await connecting;
                connection.Abort(new ConnectionAbortedException());
                await connection.DisposeAsync();
            }
        }

        AssertEveryDescriptorClosedOnce();
    }

    [Fact]
    public async Task Connect_LoopsEndMeanwhile_EndsAndClosesTheDescriptor()
    {
        _options.ConnectTimeout = Timeout.InfiniteTimeSpan;
        var descriptor = PrepareSilence();
        var connecting = _connector.Value.ConnectAsync(FreeEndPoint(), CancellationToken.None);

        _loops.Value.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => connecting.WaitAsync(s_deadline, Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ConnectAsync(FreeEndPoint()));
        Assert.Equal(1, _calls.CountOf(SocketCall.Abort, descriptor));
        Assert.Equal(1, _calls.Calls.Count(made => made.Call == SocketCall.Connect));
        SystemSocketCalls.Instance.Close(_peer!.Value);
    }

    [Fact]
    public async Task Connect_CancelledBefore_MakesNoSocket()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _connector.Value.ConnectAsync(FreeEndPoint(), new CancellationToken(canceled: true)));

        Assert.DoesNotContain(_calls.Calls, made => made.Call == SocketCall.Connect);
    }

    [Fact]
    public async Task Connect_AnotherKindOfEndPoint_SaysWhatToGive()
    {
        using var factory = new KqueueConnectionFactory();

        var error = await Assert.ThrowsAsync<NotSupportedException>(
            () => factory.ConnectAsync(new FileHandleEndPoint(3, FileHandleType.Tcp), Token).AsTask());

        Assert.Contains("IPEndPoint", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Factory_EndedBeforeItsFirstConnection_StartsNoLoops()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var factory = new KqueueConnectionFactory(new KqueueTransportOptions { LoopCount = 1 });

        factory.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => factory.ConnectAsync(listener.LocalEndPoint!, Token).AsTask());
    }

    [Fact]
    public async Task Factory_LoopsCannotStart_TheNextConnectTriesAgain()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var factory = new KqueueConnectionFactory(
            new KqueueTransportOptions { LoopCount = 1, Backend = new BackendThatFailsOnce() });

        await Assert.ThrowsAsync<KernelQueueException>(
            () => factory.ConnectAsync(listener.LocalEndPoint!, Token).AsTask());

        await using var connection = await factory.ConnectAsync(listener.LocalEndPoint!, Token);
    }

    [Fact]
    public void Factory_OptionOutOfRange_SaysWhatToWrite()
    {
        var error = Assert.Throws<OptionsValidationException>(
            () => new KqueueConnectionFactory(new KqueueTransportOptions { LoopCount = 0 }));

        Assert.Contains("Write a number from 1 to", error.Message, StringComparison.Ordinal);
    }

    private Task<Connection> ConnectAsync(EndPoint endPoint) =>
        _connector.Value.ConnectAsync(endPoint, CancellationToken.None).WaitAsync(s_deadline, Token);

    private static Socket Listen(EndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(endPoint);
        socket.Listen();
        return socket;
    }

    private static IPEndPoint FreeEndPoint()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)listener.LocalEndPoint!;
    }

    /// <summary>The next connect gets a descriptor that never becomes writable.</summary>
    private int PrepareSilence()
    {
        using var pair = SocketPair.Create(SystemSocketCalls.Instance, new IPEndPoint(IPAddress.Loopback, 0));
        var descriptor = pair.TakeConnected();
        _peer = pair.TakeAccepted();

        // What is still on its way makes room when it arrives. A SYN counts for a byte.
        do
        {
            while (!SystemSocketCalls.Instance.Send(descriptor, new byte[64 * 1024]).IsWouldBlock)
            {
            }
        }
        while (SystemSocketCalls.Instance.TryGetTcpInfo(descriptor, out var info) &&
            info.UnacknowledgedBytes > info.UnsentBytes + 1);


        _calls.Prepare(SocketCall.Connect, SocketStep.Returns(descriptor));
        return descriptor;
    }

    private static async Task AssertExchangeAsync(Connection connection, Socket peer)
    {
        await connection.Transport.Output.WriteAsync("ping"u8.ToArray(), Token);
        var buffer = new byte[4];
        Assert.Equal(4, await peer.ReceiveAsync(buffer, Token));
        await peer.SendAsync(buffer, Token);
        var read = await connection.Transport.Input.ReadAsync(Token);
        Assert.Equal(4, read.Buffer.Length);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
    }

    private void AssertEveryDescriptorClosedOnce()
    {
        if (_peer is { } peer)
        {
            SystemSocketCalls.Instance.Close(peer);
        }

        var calls = _calls.Calls;
        var opened = calls.Count(made => made.Call == SocketCall.Connect && !made.Result.IsError);
        var closed = calls.Where(made => made.Call is SocketCall.Close or SocketCall.Abort).ToArray();
        Assert.Equal(opened, closed.Length);
        Assert.All(closed, made => Assert.False(made.Result.IsError));
    }

    private sealed record BackendThatFailsOnce() : BackendSupport(OfThisSystem)
    {
        private bool _hasFailed;

        public override EventLoopGroup StartLoops(EventLoopGroupOptions options) =>
            Interlocked.Exchange(ref _hasFailed, true)
                ? base.StartLoops(options)
                : throw new KernelQueueException("No descriptor is left.", Errno.EMFILE);
    }
}
