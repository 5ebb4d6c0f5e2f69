using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Sockets.Interop;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Tests.Connections;

/// <summary>Each option of an endpoint, read back from the kernel.</summary>
public sealed partial class EndPointOptionsTests : IAsyncDisposable
{
    private static readonly IPEndPoint s_anyPort = new(IPAddress.Loopback, 0);

    private readonly SocketNumbers _numbers = SocketNumbers.OfThisSystem();
    private readonly Stack<IAsyncDisposable> _owned = new();

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var owned))
        {
            await owned.DisposeAsync().Soon();
        }
    }

    [Fact]
    public async Task Connection_WithoutOptions_HasTheDefaults()
    {
        var accepted = await AcceptAsync(_ => { });

        Assert.True(accepted.NoDelay);
        Assert.Equal(0, Read(accepted, SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(1, Read(accepted, SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater));
    }

    [Fact]
    public async Task NoDelay_SwitchedOff_IsOffOnTheConnection()
    {
        Assert.False((await AcceptAsync(options => options.NoDelay = false)).NoDelay);
    }

    [Fact]
    public async Task KeepAlive_SetWithItsTimes_IsOnTheConnection()
    {
        var accepted = await AcceptAsync(options =>
        {
            options.KeepAlive = true;
            options.KeepAliveTime = TimeSpan.FromSeconds(77);
            options.KeepAliveInterval = TimeSpan.FromSeconds(7);
            options.KeepAliveProbes = 5;
        });

        Assert.NotEqual(0, Read(accepted, SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(77, Read(accepted, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
        Assert.Equal(7, Read(accepted, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
        Assert.Equal(5, Read(accepted, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount));
    }

    [Fact]
    public async Task BufferSizes_Set_AreTheConnections()
    {
        var accepted = await AcceptAsync(options =>
        {
            options.ReceiveBufferSize = 30_000;
            options.SendBufferSize = 40_000;
        });

        // Linux doubles them (socket(7)).
        var factor = OperatingSystem.IsLinux() ? 2 : 1;
        Assert.Equal(30_000 * factor, accepted.ReceiveBufferSize);
        Assert.Equal(40_000 * factor, accepted.SendBufferSize);
    }

    [Fact]
    public async Task ReceiveLowWater_Set_IsTheConnections()
    {
        var accepted = await AcceptAsync(options => options.ReceiveLowWater = 100);

        Assert.Equal(100, Read(accepted, SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater));
    }

    [Fact]
    public async Task NotSentLowWater_Set_IsTheConnectionsOrAnError()
    {
        await AssertSetOrNotSupportedAsync(
            _numbers.TCP_NOTSENT_LOWAT, options => options.NotSentLowWater = 12_345, "NotSentLowWater", 12_345);
    }

    [Fact]
    public async Task UserTimeout_Set_IsTheConnectionsOrAnError()
    {
        await AssertSetOrNotSupportedAsync(
            _numbers.TCP_USER_TIMEOUT,
            options => options.UserTimeout = TimeSpan.FromMilliseconds(12_500),
            "UserTimeout",
            12_500);
    }

    [Fact]
    public async Task Backlog_Set_IsTheListenSockets()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux's TCP_INFO tells the backlog of a listen socket.");
        const int TCP_INFO = 11;
        const int SackedOffset = 28; // tcpi_sacked is the backlog there (tcp.c, tcp_get_info).

        var listening = await ListenAsync(options => options.Backlog = 33);

        var info = new byte[104];
        listening.GetRawSocketOption(SocketNumbers.IPPROTO_TCP, TCP_INFO, info);
        Assert.Equal(33, BitConverter.ToInt32(info, SackedOffset));
    }

    [Fact]
    public async Task FastOpen_Set_IsTheListenSockets()
    {
        var listening = await ListenAsync(options => options.FastOpenQueueLength = 17);

        var value = ReadTcp(listening, _numbers.TCP_FASTOPEN);
        Assert.Equal(_numbers.FastOpenTakesLength ? 17 : 1, value);
    }

    // The one that sends nothing comes first and is accepted last, or never.
    [Fact]
    public async Task DeferAccept_Set_ConnectionsWithoutBytesStayInTheKernel()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "FreeBSD needs the module accf_data, and macOS has nothing.");
        var factory = CreateFactory(options => options.DeferAccept = TimeSpan.FromSeconds(20));
        var listener = await BindAsync(factory, s_anyPort);
        using var silent = await ConnectAsync(listener);
        using var speaking = await ConnectAsync(listener);

        speaking.Send("x"u8);

        var accepted = await AcceptAsync(listener);
        Assert.Equal(speaking.LocalEndPoint, accepted.RemoteEndPoint);
    }

    [Fact]
    public async Task SharePort_Set_TwoServersListenOnOnePort()
    {
        Assert.SkipUnless(_numbers.BalancingReusePort != 0, "this system does not balance");
        var first = await BindAsync(CreateFactory(options => options.SharePort = true), s_anyPort);
        var second = await BindAsync(CreateFactory(options => options.SharePort = true), first.EndPoint);
        Assert.Equal(first.EndPoint, second.EndPoint);

        // The old server of a rolling restart goes, and the new one takes everything.
        await first.UnbindAsync(TestContext.Current.CancellationToken);
        using var peer = await ConnectAsync(second);
        Assert.Equal(peer.LocalEndPoint, (await AcceptAsync(second)).RemoteEndPoint);
    }

    [Fact]
    public async Task SharePort_NotSet_AnAddressInUseIsAnError()
    {
        var first = await BindAsync(CreateFactory(_ => { }), s_anyPort);

        await Assert.ThrowsAsync<AddressInUseException>(() => BindAsync(CreateFactory(_ => { }), first.EndPoint));
    }

    [Fact]
    public async Task UnixFileMode_Set_IsTheFiles()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite;
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

        await BindAsync(CreateFactory(options => options.UnixFileMode = Mode), new UnixDomainSocketEndPoint(path));

        Assert.Equal(Mode, ModeOf(path));
    }

    [Fact]
    public async Task TcpOptions_OnAUnixSocket_HaveNoEffect()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var factory = CreateFactory(options =>
        {
            options.KeepAlive = true;
            options.UserTimeout = TimeSpan.FromSeconds(1);
            options.NotSentLowWater = 1;
            options.DeferAccept = TimeSpan.FromSeconds(1);
            options.FastOpenQueueLength = 1;
            options.SharePort = true;
        });

        var listener = await BindAsync(factory, new UnixDomainSocketEndPoint(path));

        using var peer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await peer.ConnectAsync(listener.EndPoint).Soon();
        Assert.NotNull(await AcceptAsync(listener));
    }

    [Fact]
    public async Task CreateBoundListenSocket_Given_ItsSocketListens()
    {
        Socket? made = null;
        var listener = await BindAsync(
            CreateFactory(options => options.CreateBoundListenSocket = endPoint => made = Bound(endPoint)), s_anyPort);

        Assert.Equal(made!.LocalEndPoint, listener.EndPoint);
        using var peer = await ConnectAsync(listener);
        await AcceptAsync(listener);
        await listener.UnbindAsync(TestContext.Current.CancellationToken);
        Assert.True(made.SafeHandle.IsClosed);
    }

    // What it makes of a handle is its own affair, as with Sockets, which asks for every kind of end point.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CreateBoundListenSocket_FileHandle_IsAskedToo(bool onSockets)
    {
        using var given = Bound(s_anyPort);
        var handle = new FileHandleEndPoint((ulong)given.Handle, FileHandleType.Tcp);
        var asked = new List<EndPoint>();
        IConnectionListenerFactory factory = onSockets
            ? new SocketTransportFactory(
                Options.Create(new SocketTransportOptions { CreateBoundListenSocket = Create }),
                NullLoggerFactory.Instance)
            : CreateFactory(options => options.CreateBoundListenSocket = Create);
        await using var listener = await factory.BindAsync(handle);

        Assert.Equal([handle], asked);
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(given.LocalEndPoint!).Soon();
        await using var connection = await listener.AcceptAsync().Soon();
        Assert.Equal(peer.LocalEndPoint, connection!.RemoteEndPoint);

        Socket Create(EndPoint endPoint)
        {
            asked.Add(endPoint);
            return new Socket(new SafeSocketHandle(given.Handle, ownsHandle: false));
        }
    }

    [Fact]
    public async Task CreateBoundListenSocket_GivesNull_SaysWhatToReturn()
    {
        var factory = CreateFactory(options => options.CreateBoundListenSocket = _ => null!);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => BindAsync(factory, s_anyPort));

        Assert.Contains("Return a socket that is bound", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateBoundListenSocket_AddressInUse_IsToldAsEver()
    {
        var first = await BindAsync(CreateFactory(_ => { }), s_anyPort);
        var factory = CreateFactory(options => options.CreateBoundListenSocket = Bound);

        await Assert.ThrowsAsync<AddressInUseException>(() => BindAsync(factory, first.EndPoint));
    }

    [Fact]
    public async Task ConfigureEndPoint_TwoEndPoints_EachHasItsOwn()
    {
        var unix = new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        var factory = CreateFactory(options =>
        {
            options.KeepAlive = true;
            options.ConfigureEndPoint = (endPoint, own) =>
            {
                if (endPoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Loopback))
                {
                    own.NoDelay = false;
                    own.ReceiveBufferSize = 20_000;
                }
                else if (endPoint.Equals(unix))
                {
                    own.UnixFileMode = UnixFileMode.UserRead;
                }
            };
        });

        using var ipv4 = SocketOf(await AcceptOneAsync(await BindAsync(factory, s_anyPort)));
        using var ipv6 = SocketOf(await AcceptOneAsync(
            await BindAsync(factory, new IPEndPoint(IPAddress.IPv6Loopback, 0))));
        await BindAsync(factory, unix);

        Assert.True(ipv4.NoDelay);
        Assert.False(ipv6.NoDelay);
        Assert.NotEqual(ipv4.ReceiveBufferSize, ipv6.ReceiveBufferSize);
        Assert.NotEqual(0, Read(ipv6, SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(UnixFileMode.UserRead, ModeOf(unix.ToString()));
    }

    [Fact]
    public async Task ConfigureEndPoint_LimitOfOneEndPoint_DoesNotCountTheOthers()
    {
        var factory = CreateFactory(options => options.ConfigureEndPoint = (endPoint, own) =>
        {
            if (endPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 })
            {
                (own.ConnectionsMax, own.OverLimit) = (1, OverLimit.Reset);
            }
        });
        var free = await BindAsync(factory, s_anyPort);
        var limited = await BindAsync(factory, new IPEndPoint(IPAddress.IPv6Loopback, 0));

        await AcceptOneAsync(free);
        await AcceptOneAsync(limited);
        await AcceptOneAsync(free);

        // The reset may come before connect(2) has returned.
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var peer = await ConnectAsync(limited);
            await peer.ReceiveAllAsync();
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public async Task ConfigureEndPoint_BadValue_NamesTheEndPointAndSaysWhatToWrite()
    {
        var factory = CreateFactory(options => options.ConfigureEndPoint = (_, own) => own.Backlog = 0);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => BindAsync(factory, s_anyPort));

        Assert.Equal(
            "ConfigureEndPoint, 127.0.0.1:0: Backlog is 0. Write a number from 1 to 65535; the default is 512.",
            error.Message);
    }

    // As when an endpoint changes in Kestrel's configuration and changes back.
    [Fact]
    public async Task Bind_AfterUnbindWithALiveConnection_TheSamePortAtOnce()
    {
        var factory = CreateFactory(_ => { });
        var first = await BindAsync(factory, s_anyPort);
        await AcceptOneAsync(first);

        for (var i = 0; i < 3; i++)
        {
            await first.UnbindAsync(TestContext.Current.CancellationToken);
            var next = await BindAsync(factory, first.EndPoint);
            await AcceptOneAsync(next);
            first = next;
        }
    }

    private async Task AssertSetOrNotSupportedAsync(
        int number, Action<KqueueTransportOptions> set, string option, int value)
    {
        if (number != 0)
        {
            Assert.Equal(value, ReadTcp(await AcceptAsync(set), number));
            return;
        }

        await AssertNotSupportedAsync(set, option);
    }

    /// <summary>The descriptor of a connection that was accepted under these options.</summary>
    private async Task<Socket> AcceptAsync(Action<KqueueTransportOptions> set) =>
        SocketOf(await AcceptOneAsync(await BindAsync(CreateFactory(set), s_anyPort)));

    /// <summary>A listen socket under these options.</summary>
    private async Task<Socket> ListenAsync(Action<KqueueTransportOptions> set)
    {
        Socket? made = null;
        await BindAsync(
            CreateFactory(options =>
            {
                set(options);
                options.CreateBoundListenSocket = endPoint => made = Bound(endPoint);
            }),
            s_anyPort);
        return made!;
    }

    private KqueueConnectionListenerFactory CreateFactory(Action<KqueueTransportOptions> set)
    {
        var options = new KqueueTransportOptions { LoopCount = 1 };
        set(options);
        var host = new HostLoops(Options.Create(options), NullLoggerFactory.Instance);
        _owned.Push(new Disposing(host));
        return new KqueueConnectionListenerFactory(host);
    }

    private async Task<IConnectionListener> BindAsync(KqueueConnectionListenerFactory factory, EndPoint endPoint)
    {
        var listener = await factory.BindAsync(endPoint, TestContext.Current.CancellationToken);
        _owned.Push(listener);
        return listener;
    }

    private async Task<Connection> AcceptOneAsync(IConnectionListener listener)
    {
        _owned.Push(new Disposing(await ConnectAsync(listener)));
        return await AcceptAsync(listener);
    }

    private async Task<Connection> AcceptAsync(IConnectionListener listener)
    {
        var connection = Assert.IsType<Connection>(await listener.AcceptAsync().AsTask().Soon());
        _owned.Push(connection);
        return connection;
    }

    private static async Task<Socket> ConnectAsync(IConnectionListener listener)
    {
        var peer = new Socket(listener.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(listener.EndPoint).Soon();
        return peer;
    }

    private static Socket Bound(EndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(endPoint);
        return socket;
    }

    private static Socket SocketOf(Connection connection) =>
        new(new SafeSocketHandle(connection.Descriptor, ownsHandle: false));

    private static UnixFileMode ModeOf(string path) =>
        OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);

    private static int Read(Socket socket, SocketOptionLevel level, SocketOptionName name) =>
        (int)socket.GetSocketOption(level, name)!;

    private static int ReadTcp(Socket socket, int number)
    {
        var value = new byte[sizeof(int)];
        socket.GetRawSocketOption(SocketNumbers.IPPROTO_TCP, number, value);
        return BitConverter.ToInt32(value);
    }

    private sealed class Disposing(IDisposable owned) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            owned.Dispose();
            return default;
        }
    }
}
