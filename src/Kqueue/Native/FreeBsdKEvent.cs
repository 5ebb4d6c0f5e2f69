using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kqueue.Native;

/// <summary>
/// FreeBSD 12 and later: 64 bytes. The symbol <c>kevent</c> that a lookup by name gives is the one for this struct:
/// the version for the 32 bytes of FreeBSD 11 is hidden (FreeBSD lib/libc/sys/Symbol.map, FBSD_1.5).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FreeBsdKEvent : INativeKEvent<FreeBsdKEvent>
{
    public nint ident;
    public short filter;
    public ushort flags;
    public uint fflags;
    public long data;
    public nint udata;
    public Extension ext;

    public static bool HasWideCounts => false;

    public readonly nint Ident => ident;

    public readonly int Filter => filter;

    public readonly KEventFlags Flags => (KEventFlags)flags;

    public readonly uint Notes => fflags;

    public readonly long Data => data;

    public readonly nint UserData => udata;

    public static FreeBsdKEvent From(
        nint ident, int filter, KEventFlags flags, uint notes, long data, nint userData) => new()
        {
            ident = ident,
            filter = (short)filter,
            flags = (ushort)flags,
            fflags = notes,
            data = data,
            udata = userData,
        };

    /// <summary>Four numbers for extensions, which the filters of this library do not use.</summary>
    [InlineArray(4)]
    public struct Extension
    {
        private ulong _first;
    }
}
