using System.Runtime.InteropServices;

namespace Kqueue.Native;

/// <summary>
/// NetBSD, up to and including 10: 40 bytes, because filter and flags have 32 bits. Later releases have a longer
/// struct under the name __kevent100 and keep this one under __kevent50.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetBsdKEvent : INativeKEvent<NetBsdKEvent>
{
    public nint ident;
    public uint filter;
    public uint flags;
    public uint fflags;
    public long data;
    public nint udata;

    public static bool HasWideCounts => true;

    public readonly nint Ident => ident;

    public readonly int Filter => (int)filter;

    public readonly KEventFlags Flags => (KEventFlags)flags;

    public readonly uint Notes => fflags;

    public readonly long Data => data;

    public readonly nint UserData => udata;

    public static NetBsdKEvent From(
        nint ident, int filter, KEventFlags flags, uint notes, long data, nint userData) => new()
        {
            ident = ident,
            filter = (uint)filter,
            flags = (uint)flags,
            fflags = notes,
            data = data,
            udata = userData,
        };
}
