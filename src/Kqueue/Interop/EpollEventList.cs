using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <summary>
/// The kernel's list of <c>struct epoll_event</c>: a 32-bit mask and 64 bits of data, packed to 12 bytes on x64 and
/// aligned to 16 on the other systems (Linux, include/uapi/linux/eventpoll.h, EPOLL_PACKED).
/// </summary>
/// <param name="pointer">Room for <paramref name="capacity"/> entries, fixed for as long as the list lives.</param>
/// <param name="capacity">The most entries that the kernel may write.</param>
internal readonly unsafe ref struct EpollEventList(byte* pointer, int capacity)
{
    /// <summary>The size of an entry on any architecture.</summary>
    public const int EntryBytesMax = 16;

    /// <summary>The size of an entry here.</summary>
    public static readonly int EntryBytes = IsPacked ? 12 : 16;

    /// <summary>Where the data is in an entry, here.</summary>
    public static readonly int DataOffset = IsPacked ? 4 : 8;

    public byte* Pointer { get; } = pointer;

    public int Capacity { get; } = capacity;

    private static bool IsPacked => RuntimeInformation.ProcessArchitecture is Architecture.X64;

    public uint EventsOf(int index) => Unsafe.ReadUnaligned<uint>(Pointer + (index * EntryBytes));

    public ulong DataOf(int index) => Unsafe.ReadUnaligned<ulong>(Pointer + (index * EntryBytes) + DataOffset);

    public static void Write(byte* entry, uint events, ulong data)
    {
        Unsafe.WriteUnaligned(entry, events);
        Unsafe.WriteUnaligned(entry + DataOffset, data);
    }
}
