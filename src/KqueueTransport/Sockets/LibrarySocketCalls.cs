using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kqueue;
using Kqueue.Native;
using KqueueTransport.Sockets.Addresses;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Sockets;

/// <summary>
/// Sockets of a kernel that was built as a library, cold calls included. Its descriptors are its own, so nothing of the
/// process's can touch them. IP only: a Unix socket's path would lie in a file system that the process does not see.
/// </summary>
internal sealed unsafe class LibrarySocketCalls(SocketFunctions library, SocketNumbers numbers)
    : SocketCalls(library, library.HasAccept4 ? numbers : numbers with { HasAccept4 = false })
{
    /// <summary>
    /// The sockets of the library that the loops' queues come from. One with another layout than Linux's that exports
    /// them has descriptors of its own; otherwise they are the process's.
    /// </summary>
    public static SocketCalls Of(KernelQueueOptions queue)
    {
        SocketNumbers? numbers = queue.Layout switch
        {
            "freebsd" => SocketNumbers.FreeBsd,
            "netbsd" => SocketNumbers.NetBsd,
            _ => null,
        };
        var library = queue.Library is null || numbers is null ? 0 : KqueueLibrary.Open(queue.Library);
        return library != 0 && NativeLibrary.TryGetExport(library, queue.SymbolPrefix + "accept", out var accept) &&
            accept != NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "accept")
            ? new LibrarySocketCalls(new SocketFunctions(library, queue.SymbolPrefix), numbers!)
            : SystemSocketCalls.Instance;
    }

    public override ListenSocket Listen(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null)
    {
        if (options.SharePort || options.FastOpenQueueLength > 0 || options.DeferAccept is not null ||
            options.CreateBoundListenSocket is not null)
        {
            throw new NotSupportedException("The sockets of a named library have no options of a listen socket.");
        }

        var accepted = options.OfConnection(endPoint.AddressFamily, Numbers);
        var beforeBind = options.BeforeBind(endPoint.AddressFamily, Numbers);
        var descriptor = Check(CreateSocket(endPoint, options.MultipathTcp), endPoint);
        try
        {
            Check(Configure(descriptor, [.. beforeBind, .. BothFamilies(endPoint)]), endPoint);
            Check(Bind(descriptor, ForKernel(endPoint.Serialize())), endPoint);
            Check(Result(Functions.listen(descriptor, options.Backlog)), endPoint);
            var bound = CreateAddress();
            Check(GetLocalAddress(descriptor, bound), endPoint);
            return new LibraryListenSocket(this, descriptor, bound.ToEndPoint()!, accepted);
        }
        catch
        {
            Close(descriptor);
            throw;
        }
    }

    protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath)
    {
        if (isMultipath)
        {
            throw new NotSupportedException("The sockets of a named library have no MPTCP.");
        }

        if (remote is not IPEndPoint)
        {
            throw new NotSupportedException($"{remote}: the sockets of a named library are IP only.");
        }

        var family = remote.AddressFamily == AddressFamily.InterNetworkV6
            ? Numbers.AF_INET6
            : SocketNumbers.AF_INET;
        return Result(Functions.socket(family, SocketNumbers.SOCK_STREAM | Numbers.SOCK_NONBLOCK, 0));
    }

    // Port, address and scope lie at the same offsets everywhere. Only the family differs, in number and place: a BSD
    // has a length before it.
    protected override SocketAddress ForKernel(SocketAddress address)
    {
        var family = address.Family == AddressFamily.InterNetworkV6 ? Numbers.AF_INET6 : SocketNumbers.AF_INET;
        var bytes = address.Buffer.Span;
        (bytes[0], bytes[1]) = Numbers.HasAddressLength ? ((byte)address.Size, (byte)family) : ((byte)family, (byte)0);
        return address;
    }

    protected override SocketAddress FromKernel(SocketAddress address)
    {
        if (address.Size > 0)
        {
            var bytes = address.Buffer.Span;
            var isIPv6 = bytes[Numbers.HasAddressLength ? 1 : 0] == Numbers.AF_INET6;
            var here = new IPEndPoint(isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Serialize();
            here.Buffer.Span[..2].CopyTo(bytes);
        }

        return address;
    }

    private SocketOption[] BothFamilies(EndPoint endPoint) => endPoint is IPEndPoint { Address: var address } &&
        address.Equals(IPAddress.IPv6Any)
        ? [new(nameof(Numbers.IPV6_V6ONLY), SocketNumbers.IPPROTO_IPV6, Numbers.IPV6_V6ONLY, 0)]
        : [];

    private KernelResult Bind(int descriptor, SocketAddress address)
    {
        fixed (byte* start = address.Buffer.Span)
        {
            return Result(Functions.bind(descriptor, start, (uint)address.Size));
        }
    }

    private static int Check(KernelResult result, EndPoint endPoint) => result.Error switch
    {
        Errno.None => result.Value,
        Errno.EADDRINUSE => throw new AddressInUseException($"{endPoint}: the library's address is in use."),
        _ => throw new SocketException((int)SocketError.SocketError, $"{endPoint}: the library says {result.Error}."),
    };

    private sealed class LibraryListenSocket(
        LibrarySocketCalls calls, int descriptor, EndPoint endPoint, SocketOption[] accepted) : ListenSocket
    {
        public override int Descriptor => descriptor;

        public override EndPoint EndPoint => endPoint;

        public override SocketOption[]? OptionsToSet => accepted;

        public override void Dispose() => calls.Close(descriptor);
    }
}
