using Kqueue.Epoll;
using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Epoll;

/// <summary>The descriptors that the backend makes for itself.</summary>
public sealed class EpollDescriptorTests
{
    private const string Descriptors = "/proc/self/fd";
    private const int O_CLOEXEC = 0x80000;

    private static readonly string?[] s_kinds =
        ["anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:[timerfd]"];

    private static readonly KEvent[] s_timers =
    [
        Changes.Timer(1, Add, KEventNotes.Seconds, data: 3600),
        Changes.Timer(2, Add | OneShot, KEventNotes.Milliseconds, data: 0),
        Changes.Timer(3, Add | OneShot, KEventNotes.Absolute | KEventNotes.Seconds, data: int.MaxValue),
    ];

    public EpollDescriptorTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");

    [Fact]
    public void Dispose_TimersAndUserKnotes_LeavesNoDescriptorBehind()
    {
        var before = Own();
        using (var queue = Create())
        {
            queue.Apply(s_timers);
            queue.Apply(Changes.User(1, Add));
            Assert.NotEmpty(Own().Except(before));
        }

        Assert.Empty(Own().Except(before));
    }

    // A number that is closed twice may be somebody else's the second time.
    [Fact]
    public void Dispose_Twice_LeavesAloneWhoeverHasTheNumbersNow()
    {
        var queue = Create();
        queue.Dispose();
        using var next = Create();
        var held = Own();

        queue.Dispose();

        Assert.Equal(held, Own());
        next.Apply(Changes.User(1, Add));
        next.Apply(Changes.Trigger(1));
        Assert.Equal(1, next.WaitForEvent().Ident);
    }

    [Fact]
    public void Timers_OneOrAHundredThousand_HaveNoDescriptors()
    {
        using var queue = Create();
        var before = Own();
        queue.Apply(s_timers);
        queue.Apply([.. Enumerable.Range(10, 100_000)
            .Select(ident => Changes.Timer(ident, Add, KEventNotes.Seconds, data: 3600 + (ident * 7919 % 1000)))]);

        Assert.Equal(2, queue.WaitForEvent().Ident);
        Assert.Empty(Own().Except(before));
    }

    [Fact]
    public void EveryDescriptor_IsClosedOnExec()
    {
        var before = Own();
        using var queue = Create();
        queue.Apply(s_timers);

        Assert.All(Own().Except(before), number => Assert.Equal(O_CLOEXEC, FlagsOf(number) & O_CLOEXEC));
    }

    [Fact]
    public void Change_OfABackendsOwnDescriptor_IsAnsweredWithEBADF()
    {
        var before = Own();
        using var queue = Create();
        var own = Own().Except(before).Select(nint.Parse).ToArray();

        // The epoll descriptor itself is refused by the kernel.
        var errors = own.Select(ident =>
            queue.ApplyForResult(new KEvent(ident, KEventFilter.Read, Add)).ChangeError).ToArray();

        Assert.Equal([Errno.EBADF, Errno.EINVAL], errors.Order());
    }

    private static EpollKernelQueue Create() => new(fillData: true, isPrecise: true);

    private static HashSet<string> Own() =>
    [
        .. Directory.GetFiles(Descriptors)
            .Where(path => s_kinds.Contains(new FileInfo(path).LinkTarget))
            .Select(path => Path.GetFileName(path)),
    ];

    private static int FlagsOf(string number)
    {
        const string Label = "flags:";
        var line = File.ReadLines("/proc/self/fdinfo/" + number)
            .First(line => line.StartsWith(Label, StringComparison.Ordinal));
        return Convert.ToInt32(line[Label.Length..].Trim(), fromBase: 8);
    }
}
