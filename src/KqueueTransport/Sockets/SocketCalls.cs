using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>
/// Everything that this transport asks of sockets, on bare descriptors, over C functions and the constants of the
/// system that they come from. The calls never block, retry EINTR by themselves and return errors as values; only
/// <see cref="Listen"/> and <see cref="Connect"/>, which run once per endpoint, throw.
/// </summary>
/// <remarks>
/// A descriptor belongs to whoever accepted or connected it and means something to the same instance only: an
/// implementation may take its descriptors from a library that numbers them by itself. Every method may be called
/// from any thread.
/// </remarks>
internal abstract unsafe partial class SocketCalls(SocketFunctions functions, SocketNumbers numbers)
{
    private const int DescriptorShares = 8;

    private static readonly IPEndPoint s_anyIPv4 = new(IPAddress.Any, 0);

    /// <summary>
    /// Whether the descriptors are the process's own, so that <see cref="Socket"/> can be put over one of them.
    /// </summary>
    public virtual bool HasProcessDescriptors => false;

    /// <summary>
    /// One more than the largest descriptor that the process may have at the moment. It can be changed from outside.
    /// </summary>
    public virtual int DescriptorLimit => int.MaxValue;

    /// <summary>
    /// The share of the descriptors that connections leave to the rest of the process, and that may wait for their
    /// peers' ends.
    /// </summary>
    public int DescriptorShare => DescriptorLimit / DescriptorShares;

    protected SocketFunctions Functions { get; } = functions;

    protected SocketNumbers Numbers { get; } = numbers;

    /// <summary>Accepts one connection: non-blocking and close-on-exec.</summary>
    /// <param name="listenDescriptor">The listen socket.</param>
    /// <param name="peer">
    /// Where the peer's address goes, in place; as made by <see cref="CreateAddress"/>. Its size is 0 when the peer
    /// was gone before it was accepted (macOS): the descriptor is valid all the same.
    /// </param>
    /// <returns>
    /// The connection's descriptor. ECONNABORTED: the peer gave up, take the next. EMFILE, ENFILE, ENOBUFS, ENOMEM:
    /// nothing to be had for a while.
    /// </returns>
    public virtual KernelResult Accept(int listenDescriptor, SocketAddress peer)
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

    /// <summary>Receives into one buffer.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffer">Not empty, because 0 bytes would look like the end.</param>
    /// <returns>How many bytes came; 0 is the peer's end.</returns>
    public virtual KernelResult Receive(int descriptor, Span<byte> buffer)
    {
        Debug.Assert(!buffer.IsEmpty);
        fixed (byte* start = buffer)
        {
            KernelResult result;
            while (IsInterrupted(Functions.recv(descriptor, start, (nuint)buffer.Length, 0), out result)) { }
            return result;
        }
    }

    /// <summary>Receives into several buffers, in order.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffers">Pinned memory, not empty. What goes beyond one call's limits is left alone.</param>
    /// <returns>How many bytes came; 0 is the peer's end.</returns>
    public virtual KernelResult Receive(int descriptor, ReadOnlySpan<IoVector> buffers)
    {
        Debug.Assert(!buffers.IsEmpty);
        fixed (IoVector* first = buffers)
        {
            KernelResult result;
            while (IsInterrupted(Functions.readv(descriptor, first, CountForOneCall(buffers)), out result)) { }
            return result;
        }
    }

    /// <summary>Sends from one buffer. Never raises SIGPIPE.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffer">The bytes.</param>
    /// <returns>
    /// How many bytes the kernel took, perhaps fewer than given. EPIPE and ECONNRESET: the peer is gone. ENOBUFS: the
    /// kernel is short of memory and, unlike after would-block, no WRITE event announces the end of that, so try
    /// again after a while.
    /// </returns>
    public virtual KernelResult Send(int descriptor, ReadOnlySpan<byte> buffer)
    {
        var (length, flags) = ((nuint)buffer.Length, Numbers.MSG_NOSIGNAL);
        fixed (byte* start = buffer)
        {
            KernelResult result;
            while (IsInterrupted(Functions.send(descriptor, start, length, flags), out result)) { }
            return SendResult(result);
        }
    }

    /// <summary>Gather send: sends from several buffers, in order. Never raises SIGPIPE.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffers">Pinned memory. What goes beyond one call's limits is left for the next.</param>
    /// <returns>As for one buffer.</returns>
    public virtual KernelResult Send(int descriptor, ReadOnlySpan<IoVector> buffers)
    {
        fixed (IoVector* first = buffers)
        {
            var message = new MessageHeader { msg_iov = first, msg_iovlen = (nuint)CountForOneCall(buffers) };
            KernelResult result;
            while (IsInterrupted(Functions.sendmsg(descriptor, &message, Numbers.MSG_NOSIGNAL), out result)) { }
            return SendResult(result);
        }
    }

    /// <summary>Ends one direction or both.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="how">Which; <see cref="SocketShutdown.Send"/> sends the FIN.</param>
    /// <returns>0. ENOTCONN: the peer was faster.</returns>
    public virtual KernelResult Shutdown(int descriptor, SocketShutdown how) =>
        Result(Functions.shutdown(descriptor, (int)how)); // SHUT_RD, SHUT_WR and SHUT_RDWR are 0, 1 and 2 everywhere.

    /// <summary>Gives the descriptor back, whatever the result. Never call it twice: numbers are used again.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>0, or EBADF where the caller did not own it.</returns>
    public virtual KernelResult Close(int descriptor)
    {
        // After EINTR the descriptor is gone on Linux and FreeBSD, so a second close could hit somebody else's;
        // ECONNRESET is FreeBSD's remark about the peer, on a descriptor that it has closed (close(2)).
        var result = Result(Functions.close(descriptor));
        return result.Error is Errno.EINTR or Errno.ECONNRESET ? KernelResult.Success(0) : result;
    }

    /// <summary>Abortive close: drops what is unsent, sends RST instead of FIN and gives the descriptor back.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <returns>As for <see cref="Close"/>.</returns>
    public virtual KernelResult Abort(int descriptor)
    {
        // struct linger: on, 0 seconds. It fails only where the connection is gone already (EINVAL on macOS).
        var linger = stackalloc int[2] { 1, 0 };
        _ = Functions.setsockopt(descriptor, Numbers.SOL_SOCKET, Numbers.SO_LINGER, linger, 2 * sizeof(int));
        return Close(descriptor);
    }

    /// <summary>
    /// Opens a descriptor to see its number: the lowest that is free, which says how many there are at least.
    /// </summary>
    /// <returns>
    /// The descriptor, which the caller closes; EMFILE where there is none, ENOBUFS where anything else is wanting.
    /// </returns>
    public virtual KernelResult OpenProbe()
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected KernelResult Result(nint returned) =>
        returned >= 0 ? KernelResult.Success((int)returned) : Failure(Functions.errno);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected bool IsInterrupted(nint returned, out KernelResult result)
    {
        result = Result(returned);
        return result.Error == Errno.EINTR;
    }

    private KernelResult Failure(int errno) => KernelResult.Failure(Numbers.Errnos.ToErrno(errno));

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
