using System.Runtime.InteropServices;

namespace Kqueue.Native;

/// <summary>
/// macOS and libkqueue: 32 bytes. XNU declares it under pack(4), which moves no field and matters to no array.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DarwinKEvent : INativeKEvent<DarwinKEvent>
{
    public nint ident;
    public short filter;
    public ushort flags;
    public uint fflags;
    public nint data;
    public nint udata;

    public static bool HasWideCounts => false;

    public readonly nint Ident => ident;

    public readonly int Filter => filter;

    public readonly KEventFlags Flags => (KEventFlags)flags;

    public readonly uint Notes => fflags;

    public readonly long Data => data;

    public readonly nint UserData => udata;

    public static DarwinKEvent From(
        nint ident, int filter, KEventFlags flags, uint notes, long data, nint userData) => new()
        {
            ident = ident,
            filter = (short)filter,
            flags = (ushort)flags,
            fflags = notes,
            data = (nint)data,
            udata = userData,
        };
}
