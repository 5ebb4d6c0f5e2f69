using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// Sockets of a named library, cold calls included. Its descriptors are its own, so nothing of the process's can touch
/// them. IP only: a Unix socket's path would lie in a file system that the process does not see.
/// </summary>
internal sealed unsafe class LibrarySocketCalls : NativeSocketCalls
{
    private readonly LibrarySocketFunctions _library;
    private readonly SocketAbi _system;

    public LibrarySocketCalls(LibrarySocketFunctions library, SocketAbi system, SocketNumbers numbers)
        : base(library, library.HasAccept4 ? numbers : numbers with { Accept4Flags = 0 })
    {
        _library = library;
        _system = system;
    }

    /// <summary>Whether the library makes IPv6 sockets.</summary>
    public bool HasIPv6
    {
        get
        {
            var created = CreateSocket(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return !created.IsError && !Close(created.Value).IsError;
        }
    }

    public override KernelResult Accept(int listenDescriptor, SocketAddress peer)
    {
        var result = base.Accept(listenDescriptor, peer);
        if (!result.IsError)
        {
            ToProcess(peer);
        }

        return result;
    }

    public override KernelResult GetLocalAddress(int descriptor, SocketAddress address)
    {
        var result = base.GetLocalAddress(descriptor, address);
        ToProcess(address);
        return result;
    }

    public override KernelResult GetRemoteAddress(int descriptor, SocketAddress address)
    {
        var result = base.GetRemoteAddress(descriptor, address);
        ToProcess(address);
        return result;
    }

    public override ListenSocket Listen(EndPoint endPoint, ListenSocketOptions options)
    {
        var created = CreateSocket(endPoint);
        ThrowOn(created, endPoint);
        var descriptor = created.Value;
        try
        {
            Check(SetOption(descriptor, Numbers.SOL_SOCKET, (int)_system["SO_REUSEADDR"], 1));
            if (endPoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any))
            {
                Check(SetOption(descriptor, (int)_system["IPPROTO_IPV6"], (int)_system["IPV6_V6ONLY"], 0));
            }

            Check(Bind(descriptor, ToLibrary(endPoint.Serialize())));
            Check(Result(_library.listen(descriptor, options.Backlog)));
            var bound = CreateAddress();
            Check(GetLocalAddress(descriptor, bound));
            return new LibraryListenSocket(this, descriptor, bound.ToEndPoint()!, options.Accepted);
        }
        catch
        {
            Close(descriptor);
            throw;
        }

        void Check(KernelResult result) => ThrowOn(result, endPoint);
    }

    protected override KernelResult CreateSocket(EndPoint remote)
    {
        var family = remote.AddressFamily == AddressFamily.InterNetworkV6 ? "AF_INET6" : "AF_INET";
        var nonBlocking = _system.OrZero("SOCK_NONBLOCK");
        var created = Result(_library.socket(
            (int)_system[family], (int)(_system["SOCK_STREAM"] | nonBlocking), 0));
        if (!created.IsError && nonBlocking == 0)
        {
            var result = Result(_library.fcntl(
                created.Value, (int)_system["F_SETFL"], (nint)_system["O_NONBLOCK"]));
            Assert.False(result.IsError, $"fcntl(F_SETFL): {result}");
        }

        return created;
    }

    protected override KernelResult StartConnect(int descriptor, SocketAddress address) =>
        base.StartConnect(descriptor, ToLibrary(address));

    private KernelResult Bind(int descriptor, SocketAddress address)
    {
        fixed (byte* start = address.Buffer.Span)
        {
            return Result(_library.bind(descriptor, start, (uint)address.Size));
        }
    }

    // Port, address and scope lie at the same offsets everywhere. Only the family differs, in number and place.
    private SocketAddress ToLibrary(SocketAddress address)
    {
        var family = (byte)_system[address.Family == AddressFamily.InterNetworkV6 ? "AF_INET6" : "AF_INET"];
        var bytes = address.Buffer.Span;
        bytes[0] = IsBsd ? (byte)address.Size : family;
        bytes[1] = IsBsd ? family : (byte)0;
        return address;
    }

    private void ToProcess(SocketAddress address)
    {
        if (address.Size == 0)
        {
            return;
        }

        var bytes = address.Buffer.Span;
        var family = IsBsd ? bytes[1] : bytes[0];
        var here = new IPEndPoint(family == _system["AF_INET6"] ? IPAddress.IPv6Any : IPAddress.Any, 0).Serialize();
        here.Buffer.Span[..2].CopyTo(bytes);
    }

    private bool IsBsd => _system["sockaddr_in.sin_family.offset"] == 1;

    private static void ThrowOn(KernelResult result, EndPoint endPoint)
    {
        if (result.Error == Errno.EADDRINUSE)
        {
            throw new AddressInUseException($"{endPoint}: {result}");
        }

        Assert.False(result.IsError, $"{endPoint}: {result}");
    }

    private sealed class LibraryListenSocket(
        LibrarySocketCalls calls, int descriptor, EndPoint endPoint, SocketOptions accepted) : ListenSocket
    {
        public override int Descriptor => descriptor;

        public override EndPoint EndPoint => endPoint;

        public override SocketOptions? OptionsToSet => accepted;

        public override void Dispose() => calls.Close(descriptor);
    }
}
