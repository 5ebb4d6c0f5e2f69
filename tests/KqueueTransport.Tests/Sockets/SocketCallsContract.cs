using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// What every implementation of <see cref="SocketCalls"/> does. Both ends of a connection are made by the
/// implementation itself, because its descriptors need not be the process's.
/// </summary>
public abstract unsafe class SocketCallsContract
{
    private static readonly KqueueTransportOptions s_listen = new() { Backlog = 16 };

    private static readonly IPEndPoint s_anyPort = new(IPAddress.Loopback, 0);

    private protected abstract SocketCalls Calls { get; }

    /// <summary>Why there are no IPv6 sockets; null where there are.</summary>
    protected virtual string? LacksIPv6 => Socket.OSSupportsIPv6 ? null : "this machine has no IPv6";

    /// <summary>Why there are no Unix sockets; null where there are.</summary>
    protected virtual string? LacksUnixSockets => null;

    /// <summary>Whether it is known how the kernel tells who is at the other end of a Unix socket.</summary>
    protected virtual bool TellsOfUnixPeers => true;

    /// <summary>Whether it is known what the kernel tells of a TCP connection.</summary>
    protected virtual bool TellsOfTcp => true;

    [Fact]
    public void Listen_PortZero_EndPointHasTheRealPort()
    {
        using var listen = Calls.Listen(s_anyPort, s_listen);

        Assert.NotEqual(0, Assert.IsType<IPEndPoint>(listen.EndPoint).Port);
    }

    [Fact]
    public void Listen_AddressTaken_ThrowsAddressInUse()
    {
        using var listen = Calls.Listen(s_anyPort, s_listen);

        var error = Assert.Throws<AddressInUseException>(() => Calls.Listen(listen.EndPoint, s_listen));

        Assert.Contains(listen.EndPoint.ToString()!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Listen_AfterDispose_TheSameAddressIsFree()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);
        var address = connection.ListenEndPoint;
        connection.StopListening();

        Calls.Listen(address, s_listen).Dispose();
    }

    [Fact]
    public void Listen_IPv6Any_TakesIPv4Too()
    {
        Assert.SkipWhen(LacksIPv6 is not null, LacksIPv6 ?? "");
        using var listen = Calls.Listen(new IPEndPoint(IPAddress.IPv6Any, 0), s_listen);
        var port = ((IPEndPoint)listen.EndPoint).Port;

        using var overIPv4 = SocketPair.Connect(Calls, listen, new IPEndPoint(IPAddress.Loopback, port));
        using var overIPv6 = SocketPair.Connect(Calls, listen, new IPEndPoint(IPAddress.IPv6Loopback, port));

        Assert.True(((IPEndPoint)overIPv4.Peer!).Address.IsIPv4MappedToIPv6);
        Assert.Equal(IPAddress.IPv6Loopback, ((IPEndPoint)overIPv6.Peer!).Address);
    }

    [Fact]
    public void Listen_UnixPath_ConnectsAndDeletesTheFileAtTheEnd()
    {
        Assert.SkipWhen(LacksUnixSockets is not null, LacksUnixSockets ?? "");
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

        using (var connection = SocketPair.Create(Calls, new UnixDomainSocketEndPoint(path)))
        {
            Assert.True(File.Exists(path));
            Assert.Null(connection.OptionsToSet);
            connection.Exchange("over a path"u8);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Accept_NobodyConnects_WouldBlock()
    {
        using var listen = Calls.Listen(s_anyPort, s_listen);

        Assert.True(Calls.Accept(listen.Descriptor, SocketCalls.CreateAddress()).IsWouldBlock);
    }

    [Fact]
    public void Accept_SeveralWaiting_TakesThemOneByOneUntilWouldBlock()
    {
        using var listen = Calls.Listen(s_anyPort, s_listen);
        var peer = SocketCalls.CreateAddress();
        List<SocketPair> pairs = [];
        for (var i = 0; i < 5; i++)
        {
            pairs.Add(SocketPair.Connect(Calls, listen, listen.EndPoint));
        }

        Assert.True(Calls.Accept(listen.Descriptor, peer).IsWouldBlock);
        Assert.Equal(5, pairs.Select(pair => pair.Accepted).Distinct().Count());
        Assert.Equal(5, pairs.Select(pair => pair.Peer).Distinct().Count());
        pairs.ForEach(pair => pair.Dispose());
    }

    [Fact]
    public void Addresses_OfAConnection_AreEachOthers()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);
        var address = SocketCalls.CreateAddress();

        Assert.False(Calls.GetLocalAddress(connection.Accepted, address).IsError);
        Assert.Equal(connection.ListenEndPoint, address.ToEndPoint());
        Assert.False(Calls.GetRemoteAddress(connection.Connected, address).IsError);
        Assert.Equal(connection.ListenEndPoint, address.ToEndPoint());
        Assert.False(Calls.GetRemoteAddress(connection.Accepted, address).IsError);
        Assert.Equal(connection.Peer, address.ToEndPoint());
    }

    [Fact]
    public void Receive_NothingThere_WouldBlock()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        Assert.True(Calls.Receive(connection.Accepted, new byte[1]).IsWouldBlock);
        Assert.True(Calls.Receive(connection.Connected, new byte[1]).IsWouldBlock);
    }

    [Fact]
    public void Receive_PeerShutsDownSending_BytesThenZeroThenStillSends()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);
        Calls.Send(connection.Connected, "last"u8);

        Assert.False(Calls.Shutdown(connection.Connected, SocketShutdown.Send).IsError);

        Assert.Equal("last"u8, connection.ReceiveAll(connection.Accepted));
        Calls.Send(connection.Accepted, "answer"u8);
        Calls.Close(connection.TakeAccepted());
        Assert.Equal("answer"u8, connection.ReceiveAll(connection.Connected));
    }

    [Fact]
    public void Receive_Scattered_FillsTheBuffersInOrder()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);
        Calls.Send(connection.Connected, "abcdefgh"u8);
        var bytes = new byte[10];

        fixed (byte* start = bytes)
        {
            IoVector[] buffers = [new(start + 7, 3), new(start, 7)];
            var result = Until(() => Calls.Receive(connection.Accepted, buffers), received => !received.IsWouldBlock);
            Assert.Equal(8, result.Value);
        }

        Assert.Equal("defgh\0\0abc"u8, bytes);
    }

    [Fact]
    public void Send_Gathered_ArrivesInOrder()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        fixed (byte* start = "world hello "u8)
        {
            ReadOnlySpan<IoVector> buffers = [new(start + 6, 6), new(start, 5)];
            Assert.Equal(11, Calls.Send(connection.Accepted, buffers).Value);
        }

        Calls.Close(connection.TakeAccepted());
        Assert.Equal("hello world"u8, connection.ReceiveAll(connection.Connected));
    }

    [Fact]
    public void Send_MoreBuffersThanOneCallTakes_SendsTheFirstOnes()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);
        var bytes = new byte[IoVector.CountMax + 5];

        fixed (byte* start = bytes)
        {
            var buffers = new IoVector[bytes.Length];
            for (var i = 0; i < buffers.Length; i++)
            {
                buffers[i] = new IoVector(start + i, 1);
            }

            Assert.Equal(IoVector.CountMax, Calls.Send(connection.Accepted, buffers).Value);
        }
    }

    [Fact]
    public void Send_PeerDoesNotReceive_WouldBlockAndThenEveryByteArrives()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);
        var bytes = RandomNumberGenerator.GetBytes(16 * 1024 * 1024);

        var sent = connection.SendUntilWouldBlock(bytes);
        Assert.InRange(sent, 1, bytes.Length - 1);

        Assert.Equal(bytes, connection.Transfer(bytes, sent));
    }

    [Fact]
    public void Send_PeerIsGone_FailsAsAValue()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);
        Calls.Abort(connection.TakeConnected());

        var result = Until(() => Calls.Send(connection.Accepted, "x"u8), sent => sent.IsError);

        Assert.True(result.Error is Errno.ECONNRESET or Errno.EPIPE, $"{result}");
        Assert.Equal(Errno.EPIPE, Calls.Send(connection.Accepted, "x"u8).Error);
    }

    [Fact]
    public void Abort_UnsentBytesOrNot_PeerIsReset()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        Assert.False(Calls.Abort(connection.TakeConnected()).IsError);

        var result = Until(() => Calls.Receive(connection.Accepted, new byte[1]), received => !received.IsWouldBlock);
        Assert.Equal(Errno.ECONNRESET, result.Error);
    }

    [Fact]
    public void Close_Connection_PeerSeesTheEnd()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        Assert.False(Calls.Close(connection.TakeConnected()).IsError);

        Assert.Empty(connection.ReceiveAll(connection.Accepted));
    }

    [Fact]
    public void EveryCall_OnNoDescriptor_IsBadDescriptor()
    {
        const int None = -1;
        var address = SocketCalls.CreateAddress();

        Assert.Equal(Errno.EBADF, Calls.Accept(None, address).Error);
        Assert.Equal(Errno.EBADF, Calls.Receive(None, new byte[1]).Error);
        Assert.Equal(Errno.EBADF, Calls.Send(None, "x"u8).Error);
        Assert.Equal(Errno.EBADF, Calls.Shutdown(None, SocketShutdown.Both).Error);
        Assert.Equal(Errno.EBADF, Calls.GetLocalAddress(None, address).Error);
        Assert.Equal(Errno.EBADF, Calls.GetRemoteAddress(None, address).Error);
        Assert.Equal(Errno.EBADF, Configure(None).Error);
        Assert.Equal(Errno.EBADF, Calls.FinishConnect(None).Error);
        Assert.Equal(Errno.EBADF, Calls.Abort(None).Error);
        Assert.Equal(Errno.EBADF, Calls.Close(None).Error);
    }

    [Fact]
    public void Configure_NoDelay_Succeeds()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        Assert.False(Configure(connection.Accepted).IsError);
    }

    [Fact]
    public void TryGetTcpInfo_TcpConnection_IsPlausible()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        Assert.Equal(TellsOfTcp, Calls.TryGetTcpInfo(connection.Accepted, out var info));

        Assert.InRange(info.RoundTripTime, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.InRange(info.RoundTripTimeVariance, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.InRange(info.RetransmissionTimeout.TotalSeconds, TellsOfTcp ? 0.01 : 0, 120); // TCP_RTO_MAX
        Assert.InRange(info.MaxSegmentSize, TellsOfTcp ? 500 : 0, 65_536);
        Assert.InRange(info.CongestionWindow, info.MaxSegmentSize, 100 * 65_536);
        Assert.Equal(0, info.Retransmits);
    }

    [Fact]
    public void TryGetTcpInfo_UnixSocketOrNoDescriptor_IsFalse()
    {
        Assert.False(Calls.TryGetTcpInfo(descriptor: -1, out _));
        Assert.SkipWhen(LacksUnixSockets is not null, LacksUnixSockets ?? "");
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var connection = SocketPair.Create(Calls, new UnixDomainSocketEndPoint(path));

        Assert.False(Calls.TryGetTcpInfo(connection.Accepted, out _));
        File.Delete(path);
    }

    [Fact]
    public void GetPeerCredentials_UnixSocket_AreThoseOfThisProcess()
    {
        Assert.SkipWhen(LacksUnixSockets is not null, LacksUnixSockets ?? "");
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var connection = SocketPair.Create(Calls, new UnixDomainSocketEndPoint(path));

        foreach (var descriptor in (int[])[connection.Accepted, connection.Connected])
        {
            var credentials = Calls.GetPeerCredentials(descriptor);

            Assert.Equal(TellsOfUnixPeers ? Environment.ProcessId : null, credentials?.ProcessId);
        }

        File.Delete(path);
    }

    [Fact]
    public void GetPeerCredentials_TcpConnectionOrNoDescriptor_AreNone()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        Assert.Null(Calls.GetPeerCredentials(connection.Accepted));
        Assert.Null(Calls.GetPeerCredentials(connection.Connected));
        Assert.Null(Calls.GetPeerCredentials(descriptor: -1));
    }

    [Fact]
    public void Connect_NobodyListens_IsRefused()
    {
        // The connection keeps the port from being given to somebody who listens.
        using var connection = SocketPair.Create(Calls, s_anyPort);
        connection.StopListening();

        // Some systems say so at once, the others when asked later.
        var connected = Calls.Connect(connection.ListenEndPoint, new KqueueTransportOptions());
        if (!connected.IsError)
        {
            var descriptor = connected.Value;
            connected = Until(() => Calls.FinishConnect(descriptor), finished => finished.IsError);
            Calls.Close(descriptor);
        }

        Assert.Equal(Errno.ECONNREFUSED, connected.Error);
    }

    [Fact]
    public void FinishConnect_Connected_IsZero()
    {
        using var connection = SocketPair.Create(Calls, s_anyPort);

        Assert.Equal(0, Calls.FinishConnect(connection.Connected).Value);
    }

    // TCP_NODELAY of IPPROTO_TCP, which have one number on every system.
    private KernelResult Configure(int descriptor) =>
        Calls.Configure(descriptor, [new SocketOption(nameof(KqueueTransportOptions.NoDelay), 6, 1, 1)]);

    private static KernelResult Until(Func<KernelResult> call, Func<KernelResult, bool> condition) =>
        SocketPair.Until(call, condition);
}
