using Kqueue.Interop;
using Kqueue.Native;

namespace Kqueue.Tests.Abi;

/// <summary>The library's constants against the systems' headers.</summary>
public sealed class NumberTests
{
    private static readonly (string Name, KEventFilter Filter)[] s_filters =
    [
        ("EVFILT_READ", KEventFilter.Read),
        ("EVFILT_WRITE", KEventFilter.Write),
        ("EVFILT_VNODE", KEventFilter.Vnode),
        ("EVFILT_PROC", KEventFilter.Process),
        ("EVFILT_SIGNAL", KEventFilter.Signal),
        ("EVFILT_TIMER", KEventFilter.Timer),
        ("EVFILT_USER", KEventFilter.User),
    ];

    // Every system has the same; only those of a timer are translated.
    private static readonly (string Name, KEventNotes Note)[] s_notes =
    [
        ("NOTE_LOWAT", KEventNotes.LowWater),
        ("NOTE_TRIGGER", KEventNotes.Trigger),
        ("NOTE_FFAND", KEventNotes.UserAnd),
        ("NOTE_FFOR", KEventNotes.UserOr),
        ("NOTE_FFCOPY", KEventNotes.UserCopy),
        ("NOTE_FFLAGSMASK", KEventNotes.UserFlags),
        ("NOTE_DELETE", KEventNotes.Deleted),
        ("NOTE_WRITE", KEventNotes.Written),
        ("NOTE_EXTEND", KEventNotes.Extended),
        ("NOTE_ATTRIB", KEventNotes.Attributes),
        ("NOTE_LINK", KEventNotes.Linked),
        ("NOTE_RENAME", KEventNotes.Renamed),
        ("NOTE_EXIT", KEventNotes.Exited),
    ];

    public static TheoryData<string, string> SystemsWithLayout => new()
    {
        { "darwin-amd64", "darwin" },
        { "darwin-arm64", "darwin" },
        { "freebsd-amd64", "freebsd" },
        { "freebsd-arm64", "freebsd" },
        { "netbsd-amd64", "netbsd" },
        { "libkqueue-linux-amd64", "libkqueue" },
    };

    [Theory]
    [MemberData(nameof(SystemsWithLayout))]
    public void KqueueAbi_FiltersAndNotes_MatchTheHeaders(string system, string layout)
    {
        var (abi, numbers) = (SystemAbi.Of(system), KqueueAbi.Of(layout));

        foreach (var (name, filter) in s_filters)
        {
            Assert.Equal(abi[name], numbers.ToNative(filter));
            Assert.Equal(filter, numbers.ToNeutral(abi[name]));
        }

        Assert.Equal(abi["NOTE_SECONDS"], (int)numbers.NoteSeconds);
        Assert.Equal(abi.Find("NOTE_MSECONDS") ?? 0, (int)numbers.NoteMilliseconds);
        Assert.Equal(abi["NOTE_USECONDS"], (int)numbers.NoteMicroseconds);
        Assert.Equal(abi["NOTE_NSECONDS"], (int)numbers.NoteNanoseconds);
        Assert.Equal(abi.Find("NOTE_ABSOLUTE") ?? abi["NOTE_ABSTIME"], (int)numbers.NoteAbsolute);
        foreach (var (name, note) in s_notes)
        {
            Assert.Equal(unchecked((uint)abi[name]), (uint)note);
        }

        if (numbers.CloseOnExec != 0)
        {
            Assert.Equal(abi["O_CLOEXEC"], numbers.CloseOnExec);
        }
    }

    [Theory]
    [MemberData(nameof(SystemsWithLayout))]
    public void KEventFlags_EveryOne_IsTheHeaders(string system, string layout)
    {
        const KEventFlags OfSome = KEventFlags.None | KEventFlags.OutOfBand;
        var abi = SystemAbi.Of(system);
        foreach (var flag in Enum.GetValues<KEventFlags>().Where(flag => (flag & ~OfSome) != 0))
        {
            Assert.Equal(abi["EV_" + flag.ToString().ToUpperInvariant()], (int)flag);
        }

        var outOfBand = KqueueAbi.Of(layout).ReportedFlags & KEventFlags.OutOfBand;
        Assert.Equal(abi.Find("EV_OOBAND") ?? 0, (int)outOfBand);
    }

    [Theory]
    [InlineData("darwin-amd64", "darwin")]
    [InlineData("freebsd-amd64", "freebsd")]
    [InlineData("netbsd-amd64", "netbsd")]
    public void KqueueAbi_SymbolAndCounts_MatchTheHeaders(string system, string layout)
    {
        var abi = SystemAbi.Of(system);
        Assert.Equal(abi.Text("abi.sym.kevent"), KqueueAbi.Of(layout).KeventSymbols[0]);
        Assert.Equal(abi.Text("abi.kevent_count_type") == "size_t", KqueueAbi.Of(layout).Layout.HasWideCounts);
    }

    [Theory]
    [InlineData("darwin-amd64", "darwin")]
    [InlineData("darwin-arm64", "darwin")]
    [InlineData("freebsd-amd64", "freebsd")]
    [InlineData("freebsd-arm64", "freebsd")]
    [InlineData("netbsd-amd64", "netbsd")]
    [InlineData("linux-amd64", "libkqueue")]
    public void ErrnoNumbering_EveryNameThatErrnoHas_IsTheHeaders(string system, string layout)
    {
        var (abi, errnos) = (SystemAbi.Of(system), KqueueAbi.Of(layout).Errnos);
        var checkedNames = 0;
        foreach (var name in Enum.GetNames<Errno>())
        {
            if (abi.Find(name) is { } number)
            {
                Assert.Equal(Enum.Parse<Errno>(name), errnos.ToErrno(number));
                checkedNames++;
            }
        }

        Assert.True(checkedNames > 60, $"only {checkedNames}");
    }

    [Fact]
    public void ErrnoNumbering_NumberWithoutAName_KeepsTheNumber()
    {
        Assert.Equal(1067, (int)ErrnoNumbering.Darwin.ToErrno(67));
        Assert.Equal(1500, (int)ErrnoNumbering.FreeBsd.ToErrno(500));
    }

    [Theory]
    [InlineData("linux-amd64")]
    [InlineData("linux-arm64")]
    public void Libc_Constants_MatchTheHeaders(string system)
    {
        var abi = SystemAbi.Of(system);
        Assert.All(LibcConstants.All, constant => Assert.Equal(abi.Numbers[constant.Name], constant.Value));
    }
}
