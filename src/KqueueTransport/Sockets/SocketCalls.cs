using System.Net;
using System.Net.Sockets;
using Kqueue;

namespace KqueueTransport.Sockets;

/// <summary>
/// Everything that this transport asks of sockets, on bare descriptors. The calls never block, retry EINTR by
/// themselves and return errors as values; only <see cref="Listen"/> and <see cref="Connect"/>, which run once per
/// endpoint, throw.
/// </summary>
/// <remarks>
/// A descriptor belongs to whoever accepted or connected it and means something to the same instance only: an
/// implementation may take its descriptors from a library that numbers them by itself. Every method may be called
/// from any thread.
/// </remarks>
internal abstract class SocketCalls
{
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
    public abstract KernelResult Accept(int listenDescriptor, SocketAddress peer);

    /// <summary>Receives into one buffer.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffer">Not empty, because 0 bytes would look like the end.</param>
    /// <returns>How many bytes came; 0 is the peer's end.</returns>
    public abstract KernelResult Receive(int descriptor, Span<byte> buffer);

    /// <summary>Receives into several buffers, in order.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffers">Pinned memory, not empty. What goes beyond one call's limits is left alone.</param>
    /// <returns>How many bytes came; 0 is the peer's end.</returns>
    public abstract KernelResult Receive(int descriptor, ReadOnlySpan<IoVector> buffers);

    /// <summary>Sends from one buffer. Never raises SIGPIPE.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffer">The bytes.</param>
    /// <returns>
    /// How many bytes the kernel took, perhaps fewer than given. EPIPE and ECONNRESET: the peer is gone. ENOBUFS: the
    /// kernel is short of memory and, unlike after would-block, no WRITE event announces the end of that, so try
    /// again after a while.
    /// </returns>
    public abstract KernelResult Send(int descriptor, ReadOnlySpan<byte> buffer);

    /// <summary>Gather send: sends from several buffers, in order. Never raises SIGPIPE.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="buffers">Pinned memory. What goes beyond one call's limits is left for the next.</param>
    /// <returns>As for one buffer.</returns>
    public abstract KernelResult Send(int descriptor, ReadOnlySpan<IoVector> buffers);

    /// <summary>Ends one direction or both.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="how">Which; <see cref="SocketShutdown.Send"/> sends the FIN.</param>
    /// <returns>0. ENOTCONN: the peer was faster.</returns>
    public abstract KernelResult Shutdown(int descriptor, SocketShutdown how);

    /// <summary>Gives the descriptor back, whatever the result. Never call it twice: numbers are used again.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>0, or EBADF where the caller did not own it.</returns>
    public abstract KernelResult Close(int descriptor);

    /// <summary>Abortive close: drops what is unsent, sends RST instead of FIN and gives the descriptor back.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <returns>As for <see cref="Close"/>.</returns>
    public abstract KernelResult Abort(int descriptor);

    /// <summary>The address that a descriptor is bound to.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="address">Where the address goes, in place; as made by <see cref="CreateAddress"/>.</param>
    /// <returns>0 or the error.</returns>
    public abstract KernelResult GetLocalAddress(int descriptor, SocketAddress address);

    /// <summary>The address that a descriptor is connected to.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="address">Where the address goes, in place; as made by <see cref="CreateAddress"/>.</param>
    /// <returns>0. ENOTCONN, on BSD EINVAL: the peer is gone.</returns>
    public abstract KernelResult GetRemoteAddress(int descriptor, SocketAddress address);

    /// <summary>Sets options on a TCP connection.</summary>
    /// <param name="descriptor">The connection.</param>
    /// <param name="options">What to set, such as <see cref="ListenSocket.OptionsToSet"/>.</param>
    /// <returns>
    /// 0 or the first error. macOS says EINVAL where the peer is gone already; the next receive tells the same story
    /// better, so a caller need not act on it.
    /// </returns>
    public abstract KernelResult Configure(int descriptor, SocketOption[] options);

    /// <summary>What the kernel knows of a TCP connection.</summary>
    /// <param name="descriptor">The connection, of any kind.</param>
    /// <param name="info">What it knows.</param>
    /// <returns>
    /// False where it is not TCP, where the system tells nothing, and, on BSD, where the peer has reset it.
    /// </returns>
    public abstract bool TryGetTcpInfo(int descriptor, out TcpInfo info);

    /// <summary>Who is at the other end of a Unix socket.</summary>
    /// <param name="descriptor">The connection, of any kind.</param>
    /// <returns>Null where it is not a Unix socket, and where the system tells nothing.</returns>
    public abstract UnixPeerCredentials? GetPeerCredentials(int descriptor);

    /// <summary>
    /// Opens a descriptor to see its number: the lowest that is free, which says how many there are at least.
    /// </summary>
    /// <returns>
    /// The descriptor, which the caller closes; EMFILE where there is none, ENOBUFS where anything else is wanting.
    /// </returns>
    public abstract KernelResult OpenProbe();

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

    /// <summary>Opens a listen socket, non-blocking and close-on-exec, on which listen(2) has been called.</summary>
    /// <param name="endPoint">
    /// An <see cref="IPEndPoint"/> (port 0 picks one; IPv6Any takes IPv4 too), a
    /// <see cref="UnixDomainSocketEndPoint"/> or a <see cref="Microsoft.AspNetCore.Connections.FileHandleEndPoint"/>,
    /// which stays its owner's.
    /// </param>
    /// <param name="options">How.</param>
    /// <param name="takenOver">
    /// A bound socket that another process has, too: its descriptor, which becomes this library's.
    /// </param>
    /// <returns>The listen socket, which the caller disposes.</returns>
    /// <exception cref="Microsoft.AspNetCore.Connections.AddressInUseException">The address is taken.</exception>
    /// <exception cref="NotSupportedException">The system does not have an option that is set.</exception>
    /// <exception cref="SocketException">Any other reason.</exception>
    public abstract ListenSocket Listen(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null);

    /// <summary>Starts to connect. A WRITE event tells when to call <see cref="FinishConnect"/>.</summary>
    /// <param name="remote">
    /// An <see cref="IPEndPoint"/>, a <see cref="UnixDomainSocketEndPoint"/> or a <see cref="VsockEndPoint"/>.
    /// </param>
    /// <param name="options">Set before the connection is started, if it is TCP.</param>
    /// <returns>The descriptor, connected or on its way, or the error when that is known at once.</returns>
    /// <exception cref="NotSupportedException">The system does not have an option that is set.</exception>
    /// <exception cref="SocketException">No socket of that family can be made.</exception>
    public abstract KernelResult Connect(EndPoint remote, KqueueEndPointOptions options);

    /// <summary>The outcome of <see cref="Connect"/>, once the descriptor is writable. Takes the error away.</summary>
    /// <param name="descriptor">The descriptor. The caller closes it also after a failure.</param>
    /// <returns>0 when connected.</returns>
    public abstract KernelResult FinishConnect(int descriptor);

    /// <summary>Makes a buffer that holds an address of any family: to be used again and again.</summary>
    public static SocketAddress CreateAddress() => new(AddressFamily.Unspecified, SocketAddressCapacityBytes);

    private const int DescriptorShares = 8;

    // sizeof(struct sockaddr_storage) on every system.
    private const int SocketAddressCapacityBytes = 128;
}
