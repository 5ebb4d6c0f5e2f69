using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>The calls over C functions and the constants of the system that they come from.</summary>
internal abstract unsafe partial class NativeSocketCalls(SocketFunctions functions, SocketNumbers numbers) : SocketCalls
{
    private static readonly IPEndPoint s_anyIPv4 = new(IPAddress.Any, 0);

    protected SocketFunctions Functions { get; } = functions;

    protected SocketNumbers Numbers { get; } = numbers;

    public override KernelResult Accept(int listenDescriptor, SocketAddress peer)
    {
        var buffer = peer.Buffer.Span;
        var flags = Numbers.SOCK_NONBLOCK | Numbers.SOCK_CLOEXEC;
        fixed (byte* address = buffer)
        {
            uint length;
            KernelResult result;
            do
            {
                length = (uint)buffer.Length;
                result = Result(Numbers.HasAccept4
                    ? Functions.accept4(listenDescriptor, address, &length, flags)
                    : Functions.accept(listenDescriptor, address, &length));
            }
            while (result.Error == Errno.EINTR);

            // macOS: accept(2) hands O_NONBLOCK on from the listen socket, but not close-on-exec.
            if (!result.IsError && Numbers.FIOCLEX != 0)
            {
                _ = Functions.ioctl(result.Value, Numbers.FIOCLEX); // Cannot fail on what has just been made.
            }

            return WithAddress(result, peer, length);
        }
    }

    public override KernelResult Receive(int descriptor, Span<byte> buffer)
    {
        Debug.Assert(!buffer.IsEmpty);
        fixed (byte* start = buffer)
        {
            KernelResult result;
            while (IsInterrupted(Functions.recv(descriptor, start, (nuint)buffer.Length, 0), out result)) { }
            return result;
        }
    }

    public override KernelResult Receive(int descriptor, ReadOnlySpan<IoVector> buffers)
    {
        Debug.Assert(!buffers.IsEmpty);
        fixed (IoVector* first = buffers)
        {
            KernelResult result;
            while (IsInterrupted(Functions.readv(descriptor, first, CountForOneCall(buffers)), out result)) { }
            return result;
        }
    }

    public override KernelResult Send(int descriptor, ReadOnlySpan<byte> buffer)
    {
        var (length, flags) = ((nuint)buffer.Length, Numbers.MSG_NOSIGNAL);
        fixed (byte* start = buffer)
        {
            KernelResult result;
            while (IsInterrupted(Functions.send(descriptor, start, length, flags), out result)) { }
            return SendResult(result);
        }
    }

    public override KernelResult Send(int descriptor, ReadOnlySpan<IoVector> buffers)
    {
        fixed (IoVector* first = buffers)
        {
            var message = new MessageHeader { msg_iov = first, msg_iovlen = (nuint)CountForOneCall(buffers) };
            KernelResult result;
            while (IsInterrupted(Functions.sendmsg(descriptor, &message, Numbers.MSG_NOSIGNAL), out result)) { }
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

    public override KernelResult GetLocalAddress(int descriptor, SocketAddress address) =>
        GetAddress(descriptor, address, isRemote: false);

    public override KernelResult GetRemoteAddress(int descriptor, SocketAddress address) =>
        GetAddress(descriptor, address, isRemote: true);

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

    public override KernelResult Connect(EndPoint remote, KqueueEndPointOptions options)
    {
        // Before there is a descriptor that an option which the system lacks would leave open.
        var isTcp = remote.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
        var set = isTcp ? options.OfConnection(remote.AddressFamily, Numbers) : [];
        var created = CreateSocket(remote, options.MultipathTcp);
        if (created.IsError)
        {
            return created;
        }

        var result = Configure(created.Value, set);
        result = result.IsError ? result : StartConnect(created.Value, ForKernel(remote.Serialize()));
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

    /// <summary>An address of the process's, in place, as the kernel takes it.</summary>
    protected virtual SocketAddress ForKernel(SocketAddress address) => address;

    /// <summary>An address of the kernel's, in place, as the process takes it.</summary>
    protected virtual SocketAddress FromKernel(SocketAddress address) => address;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected KernelResult Result(nint returned) =>
        returned >= 0 ? KernelResult.Success((int)returned) : Failure(Functions.errno);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsInterrupted(nint returned, out KernelResult result)
    {
        result = Result(returned);
        return result.Error == Errno.EINTR;
    }

    private KernelResult Failure(int errno) => KernelResult.Failure(Numbers.Errnos.ToErrno(errno));

    private KernelResult StartConnect(int descriptor, SocketAddress address)
    {
        fixed (byte* start = address.Buffer.Span)
        {
            var result = Result(Functions.connect(descriptor, start, (uint)address.Size));

            // After EINTR the connection goes on being made, as after EINPROGRESS (connect(2)).
            return result.Error is Errno.EINPROGRESS or Errno.EINTR ? KernelResult.Success(0) : result;
        }
    }

    private KernelResult GetAddress(int descriptor, SocketAddress address, bool isRemote)
    {
        var length = (uint)address.Buffer.Length;
        fixed (byte* start = address.Buffer.Span)
        {
            var result = Result(isRemote
                ? Functions.getpeername(descriptor, start, &length)
                : Functions.getsockname(descriptor, start, &length));
            return WithAddress(result, address, length);
        }
    }

    private KernelResult WithAddress(KernelResult result, SocketAddress address, uint length)
    {
        if (!result.IsError)
        {
            address.Size = (int)Math.Min(length, (uint)address.Buffer.Length);
            FromKernel(address);
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
