using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kqueue.Interop;
using Kqueue.Native;
using Kqueue.Tests.Native;

namespace Kqueue.Tests.Abi;

/// <summary>The library's structs against the systems' headers.</summary>
public sealed class LayoutTests
{
    [Theory]
    [MemberData(nameof(NumberTests.SystemsWithLayout), MemberType = typeof(NumberTests))]
    public void KEventLayout_MatchesTheHeaders(string system, string layout)
    {
        var (abi, kevent) = (SystemAbi.Of(system), KqueueAbi.Of(layout).Layout);
        Assert.Equal(abi["kevent.size"], kevent.Size);
        Assert.InRange(kevent.Size, 1, KEventLayout.SizeMax);
        Assert.Equal(0, abi["kevent.ident.offset"]);
        Assert.Equal(KEventLayout.FilterOffset, abi["kevent.filter.offset"]);
        Assert.Equal(abi["kevent.filter.size"], kevent.FilterBytes);
        Assert.Equal(abi["kevent.flags.offset"], kevent.FlagsOffset);
        Assert.Equal(abi["kevent.flags.size"], kevent.FilterBytes);
        Assert.Equal(abi["kevent.fflags.offset"], kevent.NotesOffset);
        Assert.Equal(abi["kevent.data.offset"], kevent.DataOffset);
        Assert.Equal(abi["kevent.udata.offset"], kevent.UserDataOffset);
        Assert.Equal(
            (8, 4, 8, 8),
            (abi["kevent.ident.size"], abi["kevent.fflags.size"], abi["kevent.data.size"], abi["kevent.udata.size"]));
    }

    // Written by the library and read by the headers' offsets and widths, and the other way round.
    [Theory]
    [MemberData(nameof(NumberTests.SystemsWithLayout), MemberType = typeof(NumberTests))]
    public unsafe void KEventLayout_EveryField_IsReadWhereItIsWritten(string system, string layout)
    {
        var (kevent, played) = (KqueueAbi.Of(layout).Layout, new PlayedLayout(SystemAbi.Of(system)));
        var list = new byte[3 * kevent.Size];
        Array.Fill(list, (byte)0xA5);
        var value = new NativeKEvent(
            unchecked((nint)0x8182_8384_8586_8788), -11, (KEventFlags)0x9192, 0xA1A2_A3A4,
            unchecked((long)0xB1B2_B3B4_B5B6_B7B8), unchecked((nint)0xC1C2_C3C4_C5C6_C7C8));

        kevent.Write(list, 1, value);

        Assert.Equal(value, kevent.Read(list, 1));
        Assert.All(list[..kevent.Size].Concat(list[(2 * kevent.Size)..]), other => Assert.Equal(0xA5, other));
        fixed (byte* start = list)
        {
            var entry = played.Read(start, 1);
            Assert.Equal(
                new PlayedEntry(value.Ident, value.Filter, (uint)value.Flags, value.Notes, value.Data, value.UserData),
                entry);
            played.Write(start, 2, entry);
        }

        Assert.Equal(value, kevent.Read(list, 2));
    }

    [Theory]
    [InlineData("darwin-amd64")]
    [InlineData("darwin-arm64")]
    [InlineData("freebsd-amd64")]
    [InlineData("freebsd-arm64")]
    [InlineData("netbsd-amd64")]
    [InlineData("linux-amd64")]
    [InlineData("linux-arm64")]
    public void TimeSpec_MatchesTheHeaders(string system)
    {
        var abi = SystemAbi.Of(system);
        Assert.Equal(abi["timespec.size"], Unsafe.SizeOf<TimeSpec>());
        Assert.Equal(abi["timespec.tv_sec.offset"], (int)Marshal.OffsetOf<TimeSpec>(nameof(TimeSpec.Seconds)));
        Assert.Equal(abi["timespec.tv_nsec.offset"], (int)Marshal.OffsetOf<TimeSpec>(nameof(TimeSpec.Nanoseconds)));
    }

    [Fact]
    public void EpollEventList_MatchesTheHeadersOfThisArchitecture()
    {
        var isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        var abi = SystemAbi.Of(isX64 ? "linux-amd64" : "linux-arm64");
        Assert.Equal(abi["epoll_event.size"], EpollEventList.EntryBytes);
        Assert.Equal(abi["epoll_event.data.offset"], EpollEventList.DataOffset);
        Assert.Equal(0, abi["epoll_event.events.offset"]);
        Assert.True(EpollEventList.EntryBytes <= EpollEventList.EntryBytesMax);
    }
}
