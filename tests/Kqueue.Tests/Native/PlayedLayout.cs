using System.Runtime.CompilerServices;
using Kqueue.Tests.Abi;

namespace Kqueue.Tests.Native;

/// <summary>
/// Reads and writes <c>struct kevent</c> by the offsets of abi.json, so that it shares nothing with the library.
/// </summary>
internal sealed unsafe class PlayedLayout(SystemAbi abi)
{
    private readonly int _filterBytes = abi["kevent.filter.size"];

    public SystemAbi Abi { get; } = abi;

    public int EntryBytes { get; } = abi["kevent.size"];

    private int Ident { get; } = abi["kevent.ident.offset"];

    private int Filter { get; } = abi["kevent.filter.offset"];

    private int Flags { get; } = abi["kevent.flags.offset"];

    private int Notes { get; } = abi["kevent.fflags.offset"];

    private int Data { get; } = abi["kevent.data.offset"];

    private int UserData { get; } = abi["kevent.udata.offset"];

    public PlayedEntry Read(byte* list, nint index)
    {
        var entry = list + (index * EntryBytes);
        return new PlayedEntry(
            Unsafe.ReadUnaligned<nint>(entry + Ident),
            _filterBytes == 2 ? Unsafe.ReadUnaligned<short>(entry + Filter) : Unsafe.ReadUnaligned<int>(entry + Filter),
            _filterBytes == 2 ? Unsafe.ReadUnaligned<ushort>(entry + Flags) : Unsafe.ReadUnaligned<uint>(entry + Flags),
            Unsafe.ReadUnaligned<uint>(entry + Notes),
            Unsafe.ReadUnaligned<long>(entry + Data),
            Unsafe.ReadUnaligned<nint>(entry + UserData));
    }

    public void Write(byte* list, nint index, PlayedEntry played)
    {
        var entry = list + (index * EntryBytes);
        new Span<byte>(entry, EntryBytes).Clear();
        Unsafe.WriteUnaligned(entry + Ident, played.Ident);
        Unsafe.WriteUnaligned(entry + Notes, played.Notes);
        Unsafe.WriteUnaligned(entry + Data, played.Data);
        Unsafe.WriteUnaligned(entry + UserData, played.UserData);
        if (_filterBytes == 2)
        {
            Unsafe.WriteUnaligned(entry + Filter, (short)played.Filter);
            Unsafe.WriteUnaligned(entry + Flags, (ushort)played.Flags);
        }
        else
        {
            Unsafe.WriteUnaligned(entry + Filter, played.Filter);
            Unsafe.WriteUnaligned(entry + Flags, played.Flags);
        }
    }
}
