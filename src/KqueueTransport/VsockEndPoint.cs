using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KqueueTransport;

/// <summary>
/// An address between a virtual machine and its host (AF_VSOCK, vsock(7)), to listen on and to connect to. Linux only:
/// elsewhere it is a <see cref="NotSupportedException"/>.
/// </summary>
public sealed class VsockEndPoint : EndPoint
{
    /// <summary>Any address of this machine, to listen on (VMADDR_CID_ANY).</summary>
    public const uint Any = uint.MaxValue;

    /// <summary>This machine itself (VMADDR_CID_LOCAL); needs the kernel's module <c>vsock_loopback</c>.</summary>
    public const uint Local = 1;

    /// <summary>The host that a virtual machine runs on (VMADDR_CID_HOST).</summary>
    public const uint Host = 2;

    // struct sockaddr_vm (linux/vm_sockets.h): family and a reserved field, 2 bytes each, the port and the context
    // identifier, 4 bytes each in the machine's order, flags, and zeroes up to the length of a sockaddr.
    private const int Length = 16;
    private const ushort Family = 40;
    private const int PortOffset = 4;
    private const int CidOffset = 8;

    /// <summary>Initializes an address.</summary>
    /// <param name="cid">The context identifier of a machine, or one of the constants.</param>
    /// <param name="port">The port; <see cref="uint.MaxValue"/> takes a free one to listen on.</param>
    public VsockEndPoint(uint cid, uint port) => (Cid, Port) = (cid, port);

    /// <summary>Gets the context identifier: which machine.</summary>
    public uint Cid { get; }

    /// <summary>Gets the port. Below 1024 the right to bind it is needed.</summary>
    public uint Port { get; }

    /// <summary>Gets <see cref="AddressFamily.Unknown"/>: .NET has no name for it.</summary>
    public override AddressFamily AddressFamily => AddressFamily.Unknown;

    /// <summary>Writes the address as the kernel takes it.</summary>
    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Unspecified, Length);
        var bytes = address.Buffer.Span;
        bytes.Clear();
        BitConverter.TryWriteBytes(bytes, Family);
        BitConverter.TryWriteBytes(bytes[PortOffset..], Port);
        BitConverter.TryWriteBytes(bytes[CidOffset..], Cid);
        return address;
    }

    /// <summary>Reads an address that the kernel has written.</summary>
    /// <param name="socketAddress">The address.</param>
    /// <exception cref="ArgumentException">It is of another family.</exception>
    public override EndPoint Create(SocketAddress socketAddress)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        return IsOne(socketAddress)
            ? new VsockEndPoint(At(socketAddress, CidOffset), At(socketAddress, PortOffset))
            : throw new ArgumentException("The address is not one of AF_VSOCK.", nameof(socketAddress));
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is VsockEndPoint other && (Cid, Port) == (other.Cid, other.Port);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Cid, Port);

    /// <summary>Gives <c>vsock:CID:PORT</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"vsock:{(Cid == Any ? "*" : Cid)}:{Port}");

    internal static bool IsOne(SocketAddress address) =>
        address.Size >= Length && BitConverter.ToUInt16(address.Buffer.Span) == Family;

    private static uint At(SocketAddress address, int offset) =>
        BitConverter.ToUInt32(address.Buffer.Span[offset..]);
}
