using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kqueue.Interop;
using Kqueue.Native;

namespace Kqueue.Tests.Abi;

/// <summary>The library's structs against the systems' headers.</summary>
public sealed class LayoutTests
{
    [Theory]
    [InlineData("darwin-amd64")]
    [InlineData("darwin-arm64")]
    [InlineData("libkqueue-linux-amd64")]
    public void DarwinKEvent_MatchesTheHeaders(string system) => AssertKEvent<DarwinKEvent>(system);

    [Theory]
    [InlineData("freebsd-amd64")]
    [InlineData("freebsd-arm64")]
    public void FreeBsdKEvent_MatchesTheHeaders(string system)
    {
        AssertKEvent<FreeBsdKEvent>(system);
        Assert.Equal(
            SystemAbi.Of(system)["kevent.ext.offset"], (int)Marshal.OffsetOf<FreeBsdKEvent>(nameof(FreeBsdKEvent.ext)));
        Assert.Equal(SystemAbi.Of(system)["kevent.ext.size"], Unsafe.SizeOf<FreeBsdKEvent.Extension>());
    }

    [Theory]
    [InlineData("netbsd-amd64")]
    public void NetBsdKEvent_MatchesTheHeaders(string system) => AssertKEvent<NetBsdKEvent>(system);

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

    private static void AssertKEvent<T>(string system)
        where T : unmanaged
    {
        var abi = SystemAbi.Of(system);
        Assert.Equal(abi["kevent.size"], Unsafe.SizeOf<T>());
        foreach (var field in new[] { "ident", "filter", "flags", "fflags", "data", "udata" })
        {
            Assert.Equal(abi[$"kevent.{field}.offset"], (int)Marshal.OffsetOf<T>(field));
            Assert.Equal(abi[$"kevent.{field}.size"], Marshal.SizeOf(typeof(T).GetField(field)!.FieldType));
        }
    }
}
