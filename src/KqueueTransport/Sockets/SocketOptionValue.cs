using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets;

/// <summary>What setsockopt(2) takes: a C int, or the bytes of a name.</summary>
internal readonly struct SocketOptionValue
{
    private readonly int _number;
    private readonly byte[]? _name;

    private SocketOptionValue(int number, byte[]? name) => (_number, _name) = (number, name);

    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => _name ?? MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in _number));

    public static implicit operator SocketOptionValue(int number) => new(number, null);

    public static implicit operator SocketOptionValue?(byte[]? name) =>
        name is null ? null : new SocketOptionValue(0, name);
}
