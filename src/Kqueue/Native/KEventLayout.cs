using System.Runtime.CompilerServices;

namespace Kqueue.Native;

/// <summary>An entry of <c>struct kevent</c>, with each field at the widest width that any system gives it.</summary>
internal readonly record struct NativeKEvent(
    nint Ident, int Filter, KEventFlags Flags, uint Notes, long Data, nint UserData);

/// <summary>
/// How one system lays out <c>struct kevent</c>: <c>ident</c> comes first, with 8 bytes, then <c>filter</c> and
/// <c>flags</c>, whose width differs, <c>fflags</c> with 4, and, where 8 bytes are aligned, <c>data</c> and
/// <c>udata</c>.
/// </summary>
/// <param name="Size">The size of an entry.</param>
/// <param name="FilterBytes">The width of the filter, and of the flags: 2 or 4.</param>
internal sealed record KEventLayout(int Size, int FilterBytes)
{
    public const int SizeMax = 64;

    public const int FilterOffset = 8;

    /// <summary>macOS and libkqueue. XNU has it under pack(4), which moves no field and matters to no list.</summary>
    public static KEventLayout Darwin { get; } = new(Size: 32, FilterBytes: 2);

    /// <summary>
    /// FreeBSD 12 and later, where four numbers for extensions follow. The symbol <c>kevent</c> that a lookup by name
    /// gives is the one for this struct: the version for the 32 bytes of FreeBSD 11 is hidden (FreeBSD
    /// lib/libc/sys/Symbol.map, FBSD_1.5).
    /// </summary>
    public static KEventLayout FreeBsd { get; } = new(Size: 64, FilterBytes: 2);

    /// <summary>
    /// NetBSD, up to and including 10. Later releases have a longer struct under the name __kevent100 and keep this one
    /// under __kevent50.
    /// </summary>
    public static KEventLayout NetBsd { get; } = new(Size: 40, FilterBytes: 4) { HasWideCounts = true };

    /// <summary>Whether kevent takes its counts as <c>size_t</c> instead of <c>int</c>.</summary>
    public bool HasWideCounts { get; private init; }

    public int FlagsOffset { get; } = FilterOffset + FilterBytes;

    public int NotesOffset { get; } = FilterOffset + (2 * FilterBytes);

    public int DataOffset { get; } = (FilterOffset + (2 * FilterBytes) + sizeof(uint) + 7) & ~7;

    public int UserDataOffset => DataOffset + sizeof(long);

    public NativeKEvent Read(ReadOnlySpan<byte> list, int index)
    {
        var entry = list.Slice(index * Size, Size);
        return new NativeKEvent(
            Get<nint>(entry, 0),
            FilterBytes == sizeof(short) ? Get<short>(entry, FilterOffset) : Get<int>(entry, FilterOffset),
            (KEventFlags)Get<ushort>(entry, FlagsOffset), // Little-endian, and no flag lies above.
            Get<uint>(entry, NotesOffset),
            Get<long>(entry, DataOffset),
            Get<nint>(entry, UserDataOffset));
    }

    public void Write(Span<byte> list, int index, in NativeKEvent value)
    {
        var entry = list.Slice(index * Size, Size);
        entry.Clear();
        Set(entry, 0, value.Ident);
        if (FilterBytes == sizeof(short))
        {
            Set(entry, FilterOffset, (short)value.Filter);
        }
        else
        {
            Set(entry, FilterOffset, value.Filter);
        }

        Set(entry, FlagsOffset, (ushort)value.Flags);
        Set(entry, NotesOffset, value.Notes);
        Set(entry, DataOffset, value.Data);
        Set(entry, UserDataOffset, value.UserData);
    }

    private static T Get<T>(ReadOnlySpan<byte> entry, int offset)
        where T : unmanaged => Unsafe.ReadUnaligned<T>(in entry[offset]);

    private static void Set<T>(Span<byte> entry, int offset, T value)
        where T : unmanaged => Unsafe.WriteUnaligned(ref entry[offset], value);
}
