using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Sockets;

/// <content>Listening, connecting, and addresses.</content>
internal abstract unsafe partial class SocketCalls
{
    // sizeof(struct sockaddr_storage) on every system.
    private const int SocketAddressCapacityBytes = 128;

    /// <summary>Makes a buffer that holds an address of any family: to be used again and again.</summary>
    public static SocketAddress CreateAddress() => new(AddressFamily.Unspecified, SocketAddressCapacityBytes);

    /// <summary>The address that a descriptor is bound to.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="address">Where the address goes, in place; as made by <see cref="CreateAddress"/>.</param>
    /// <returns>0 or the error.</returns>
    public virtual KernelResult GetLocalAddress(int descriptor, SocketAddress address) =>
        GetAddress(descriptor, address, isRemote: false);

    /// <summary>The address that a descriptor is connected to.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="address">Where the address goes, in place; as made by <see cref="CreateAddress"/>.</param>
    /// <returns>0. ENOTCONN, on BSD EINVAL: the peer is gone.</returns>
    public virtual KernelResult GetRemoteAddress(int descriptor, SocketAddress address) =>
        GetAddress(descriptor, address, isRemote: true);

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
    public virtual KernelResult Connect(EndPoint remote, KqueueEndPointOptions options)
    {
        // Before there is a descriptor that an option which the system lacks, or an address that is none, would leave
        // open.
        var address = ForKernel(remote.Serialize());
        var isTcp = remote.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
        var set = isTcp ? options.OfConnection(remote.AddressFamily, Numbers) : [];
        var created = CreateSocket(remote, options.MultipathTcp);
        if (created.IsError)
        {
            return created;
        }

        var result = Configure(created.Value, set);
        result = result.IsError ? result : StartConnect(created.Value, address);
        if (!result.IsError)
        {
            return created;
        }

        Close(created.Value);
        return result;
    }

    /// <summary>The outcome of <see cref="Connect"/>, once the descriptor is writable. Takes the error away.</summary>
    /// <param name="descriptor">The descriptor. The caller closes it also after a failure.</param>
    /// <returns>0 when connected.</returns>
    public virtual KernelResult FinishConnect(int descriptor)
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
}
