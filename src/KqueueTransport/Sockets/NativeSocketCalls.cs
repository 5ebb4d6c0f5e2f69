using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>The hot calls over C functions and the constants of the system that they come from.</summary>
internal abstract unsafe class NativeSocketCalls(SocketFunctions functions, SocketNumbers numbers) : SocketCalls
{
    private static readonly IPEndPoint s_anyIPv4 = new(IPAddress.Any, 0);

    protected SocketFunctions Functions { get; } = functions;

    protected SocketNumbers Numbers { get; } = numbers;

    public override bool BalancesSharedPort => Numbers.BalancingReusePort != 0;

    public override KernelResult Accept(int listenDescriptor, SocketAddress peer)
    {
        var buffer = peer.Buffer.Span;
        fixed (byte* address = buffer)
        {
            uint length;
            KernelResult result;
            do
            {
                length = (uint)buffer.Length;
                result = Result(Numbers.Accept4Flags != 0
                    ? Functions.accept4(listenDescriptor, address, &length, Numbers.Accept4Flags)
                    : Functions.accept(listenDescriptor, address, &length));
            }
            while (result.Error == Errno.EINTR);

            if (!result.IsError)
            {
                peer.Size = (int)Math.Min(length, (uint)buffer.Length);
                CompletePlainAccept(result.Value);
            }

            return result;
        }
    }

    public override KernelResult Receive(int descriptor, Span<byte> buffer)
    {
        Debug.Assert(!buffer.IsEmpty);
        fixed (byte* start = buffer)
        {
            KernelResult result;
            do
            {
                result = Result(Functions.recv(descriptor, start, (nuint)buffer.Length, 0));
            }
            while (result.Error == Errno.EINTR);

            return result;
        }
    }

    public override KernelResult Receive(int descriptor, ReadOnlySpan<IoVector> buffers)
    {
        Debug.Assert(!buffers.IsEmpty);
        fixed (IoVector* first = buffers)
        {
            var count = CountForOneCall(buffers);
            KernelResult result;
            do
            {
                result = Result(Functions.readv(descriptor, first, count));
            }
            while (result.Error == Errno.EINTR);

            return result;
        }
    }

    public override KernelResult Send(int descriptor, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            KernelResult result;
            do
            {
                result = Result(Functions.send(descriptor, start, (nuint)buffer.Length, Numbers.MSG_NOSIGNAL));
            }
            while (result.Error == Errno.EINTR);

            return SendResult(result);
        }
    }

    public override KernelResult Send(int descriptor, ReadOnlySpan<IoVector> buffers)
    {
        fixed (IoVector* first = buffers)
        {
            var message = new MessageHeader { msg_iov = first, msg_iovlen = (nuint)CountForOneCall(buffers) };
            KernelResult result;
            do
            {
                result = Result(Functions.sendmsg(descriptor, &message, Numbers.MSG_NOSIGNAL));
            }
            while (result.Error == Errno.EINTR);

            return SendResult(result);
        }
    }

    public override KernelResult Shutdown(int descriptor, SocketShutdown how) =>
        Result(Functions.shutdown(descriptor, (int)how)); // SHUT_RD, SHUT_WR and SHUT_RDWR are 0, 1 and 2 everywhere.

    // After EINTR the descriptor is gone on Linux and FreeBSD, so a second close could hit somebody else's; ECONNRESET
    // is FreeBSD's remark about the peer, on a descriptor that it has closed (close(2)).
    public override KernelResult Close(int descriptor)
    {
        var result = Result(Functions.close(descriptor));
        return result.Error is Errno.EINTR or Errno.ECONNRESET ? KernelResult.Success(0) : result;
    }

    public override KernelResult Abort(int descriptor)
    {
        // struct linger: on, 0 seconds. It fails only where the connection is gone already (EINVAL on macOS).
        var linger = stackalloc int[2] { 1, 0 };
        _ = Functions.setsockopt(descriptor, Numbers.SOL_SOCKET, Numbers.SO_LINGER, linger, 2 * sizeof(int));
        return Close(descriptor);
    }

    public override KernelResult GetLocalAddress(int descriptor, SocketAddress address)
    {
        var buffer = address.Buffer.Span;
        var length = (uint)buffer.Length;
        fixed (byte* start = buffer)
        {
            return AddressResult(Functions.getsockname(descriptor, start, &length), length, address);
        }
    }

    public override KernelResult GetRemoteAddress(int descriptor, SocketAddress address)
    {
        var buffer = address.Buffer.Span;
        var length = (uint)buffer.Length;
        fixed (byte* start = buffer)
        {
            return AddressResult(Functions.getpeername(descriptor, start, &length), length, address);
        }
    }

    public override KernelResult Configure(int descriptor, AddressFamily family, SocketOptions options)
    {
        foreach (var option in SocketOptionNumbers.Of(family, Numbers))
        {
            if (option.ValueIn(options) is not { } value)
            {
                continue;
            }

            var result = SetOption(descriptor, option.LevelIn(Numbers), option.NumberIn(Numbers), value.Bytes);
            if (result.IsError)
            {
                return result;
            }
        }

        return KernelResult.Success(0);
    }

    public override bool TryGetTcpInfo(int descriptor, out TcpInfo info)
    {
        info = default;
        if (Numbers.TcpInfo is not { } layout)
        {
            return false;
        }

        var buffer = stackalloc byte[TcpInfoLayout.Capacity];
        var length = (uint)TcpInfoLayout.Capacity;
        return Functions.getsockopt(descriptor, SocketNumbers.IPPROTO_TCP, layout.Option, buffer, &length) == 0 &&
            layout.TryDecode(new ReadOnlySpan<byte>(buffer, (int)Math.Min(length, TcpInfoLayout.Capacity)), out info);
    }

    public override UnixPeerCredentials? GetPeerCredentials(int descriptor)
    {
        if (Numbers.PeerCredentials is not { } layout)
        {
            return null;
        }

        var buffer = stackalloc byte[PeerCredentialsLayout.Capacity];
        var length = (uint)PeerCredentialsLayout.Capacity;
        if (Functions.getsockopt(descriptor, layout.Level, layout.Option, buffer, &length) != 0 ||
            layout.TryDecode(new ReadOnlySpan<byte>(buffer, (int)length)) is not { } credentials)
        {
            return null;
        }

        int process;
        length = sizeof(int);
        return layout.ProcessOption != 0 &&
            Functions.getsockopt(descriptor, layout.Level, layout.ProcessOption, &process, &length) == 0
            ? credentials with { ProcessId = process }
            : credentials;
    }

    public override KernelResult OpenProbe()
    {
        try
        {
            return CreateSocket(s_anyIPv4, isMultipath: false);
        }
        catch (SocketException error)
        {
            return KernelResult.Failure(
                error.SocketErrorCode == SocketError.TooManyOpenSockets ? Errno.EMFILE : Errno.ENOBUFS);
        }
    }

    public override KernelResult Connect(EndPoint remote, SocketOptions options)
    {
        var created = CreateSocket(remote, options.MultipathTcp);
        if (created.IsError)
        {
            return created;
        }

        var isTcp = remote.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
        var result = isTcp ? Configure(created.Value, remote.AddressFamily, options) : KernelResult.Success(0);
        result = result.IsError ? result : StartConnect(created.Value, remote.Serialize());
        if (!result.IsError)
        {
            return created;
        }

        Close(created.Value);
        return result;
    }

    public override KernelResult FinishConnect(int descriptor)
    {
        var error = 0;
        var length = (uint)sizeof(int);
        var result = Result(Functions.getsockopt(descriptor, Numbers.SOL_SOCKET, Numbers.SO_ERROR, &error, &length));
        return result.IsError || error == 0 ? result : Failure(error);
    }

    /// <summary>Makes a socket that can connect there: non-blocking, close-on-exec, raising no SIGPIPE.</summary>
    protected abstract KernelResult CreateSocket(EndPoint remote, bool isMultipath);

    /// <summary>Starts to connect a descriptor that is non-blocking.</summary>
    protected virtual KernelResult StartConnect(int descriptor, SocketAddress address)
    {
        fixed (byte* start = address.Buffer.Span)
        {
            var result = Result(Functions.connect(descriptor, start, (uint)address.Size));

            // After EINTR the connection goes on being made, as after EINPROGRESS (connect(2)).
            return result.Error is Errno.EINPROGRESS or Errno.EINTR ? KernelResult.Success(0) : result;
        }
    }

    protected KernelResult SetOption(int descriptor, int level, int name, ReadOnlySpan<byte> value)
    {
        fixed (byte* start = value)
        {
            return Result(Functions.setsockopt(descriptor, level, name, start, (uint)value.Length));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected KernelResult Result(nint returned) =>
        returned >= 0 ? KernelResult.Success((int)returned) : Failure(Functions.errno);

    private KernelResult Failure(int errno) => KernelResult.Failure(Numbers.Errnos.ToErrno(errno));

    // macOS: accept(2) hands O_NONBLOCK on from the listen socket, but not close-on-exec.
    private void CompletePlainAccept(int descriptor)
    {
        if (Numbers.FIOCLEX != 0)
        {
            _ = Functions.ioctl(descriptor, Numbers.FIOCLEX); // Cannot fail on a descriptor that has just been made.
        }
    }

    private KernelResult AddressResult(int returned, uint length, SocketAddress address)
    {
        var result = Result(returned);
        if (!result.IsError)
        {
            address.Size = (int)Math.Min(length, (uint)address.Buffer.Length);
        }

        return result;
    }

    // macOS says EPROTOTYPE while the connection is being torn down (libuv/libuv#482); for good behind a filter.
    private static KernelResult SendResult(KernelResult result) =>
        result.Error == Errno.EPROTOTYPE ? KernelResult.Failure(Errno.ECONNRESET) : result;

    // macOS fails a call over 2 GiB in all instead of shortening it. No single piece is that long.
    private static int CountForOneCall(ReadOnlySpan<IoVector> buffers)
    {
        var total = 0L;
        var count = Math.Min(buffers.Length, IoVector.CountMax);
        for (var i = 0; i < count; i++)
        {
            total += buffers[i].Length;
            if (total > int.MaxValue)
            {
                return i;
            }
        }

        return count;
    }
}
