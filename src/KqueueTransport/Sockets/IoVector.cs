using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets;

/// <summary>A piece of pinned memory: <c>struct iovec</c>, which is the same on every 64-bit system.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct IoVector(byte* start, int length)
{
    /// <summary>How many one call takes: IOV_MAX, the same on Linux, macOS and FreeBSD.</summary>
    public const int CountMax = 1024;

    private readonly byte* _base = start;
    private readonly nuint _length = (nuint)length;

    /// <summary>Its first byte.</summary>
    public byte* Start => _base;

    /// <summary>Its length in bytes.</summary>
    public int Length => (int)_length;
}
