using Kqueue.Epoll;
using static Kqueue.Epoll.Triggering;
using static Kqueue.Interop.Libc;

namespace Kqueue.Tests.Epoll;

public sealed class EpollTranslationTests
{
    private const uint Reading = EPOLLIN | EPOLLRDHUP;

    [Fact]
    public void Interest_OnlyLevelKnotes_IsLevelTriggered()
    {
        Assert.Equal(Reading, EpollTranslation.Interest(Level, None));
        Assert.Equal(EPOLLOUT, EpollTranslation.Interest(None, Level));
        Assert.Equal(Reading | EPOLLOUT, EpollTranslation.Interest(Level, Level));
    }

    [Fact]
    public void Interest_AnEdgeKnoteOrNone_IsEdgeTriggered()
    {
        Assert.Equal(Reading | EPOLLPRI | EPOLLET, EpollTranslation.Interest(Edge, None));
        Assert.Equal(Reading | EPOLLOUT | EPOLLET, EpollTranslation.Interest(Level, Edge));
        Assert.Equal(Reading | EPOLLPRI | EPOLLOUT | EPOLLET, EpollTranslation.Interest(Edge, Level));
        Assert.Equal(EPOLLET, EpollTranslation.Interest(None, None));
    }

    [Theory]
    [InlineData(EPOLLIN, true, false)]
    [InlineData(EPOLLRDHUP, true, false)]
    [InlineData(EPOLLOUT, false, true)]
    [InlineData(EPOLLIN | EPOLLOUT, true, true)]
    [InlineData(EPOLLHUP, true, true)]
    [InlineData(EPOLLERR, true, true)]
    [InlineData(EPOLLPRI, false, false)]
    public void Activates_Events_ConcernTheirFilters(uint events, bool read, bool write)
    {
        Assert.Equal(read, EpollTranslation.Activates(KEventFilter.Read, events));
        Assert.Equal(write, EpollTranslation.Activates(KEventFilter.Write, events));
    }

    [Theory]
    [InlineData(EPOLLIN | EPOLLOUT, false, false)]
    [InlineData(EPOLLIN | EPOLLRDHUP, true, false)]
    [InlineData(EPOLLIN | EPOLLRDHUP | EPOLLHUP, true, true)]
    [InlineData(EPOLLERR, false, false)]
    public void IsEof_Events_AHalfCloseEndsReadOnly(uint events, bool read, bool write)
    {
        Assert.Equal(read, EpollTranslation.IsEof(KEventFilter.Read, events));
        Assert.Equal(write, EpollTranslation.IsEof(KEventFilter.Write, events));
    }

    [Theory]
    [InlineData(EPOLLIN, KEventFlags.None, KEventFlags.None)]
    [InlineData(EPOLLIN | EPOLLPRI | EPOLLOUT, KEventFlags.OutOfBand, KEventFlags.None)]
    [InlineData(EPOLLIN | EPOLLPRI | EPOLLRDHUP, KEventFlags.OutOfBand | KEventFlags.Eof, KEventFlags.None)]
    [InlineData(EPOLLHUP, KEventFlags.Eof, KEventFlags.Eof)]
    public void FlagsOf_Events_UrgentDataIsReads(uint events, KEventFlags read, KEventFlags write)
    {
        Assert.Equal(read, EpollTranslation.FlagsOf(KEventFilter.Read, events));
        Assert.Equal(write, EpollTranslation.FlagsOf(KEventFilter.Write, events));
    }

    [Theory]
    [InlineData(EPOLLIN, false)]
    [InlineData(EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR, false)]
    [InlineData(EPOLLOUT | EPOLLHUP, true)]
    [InlineData(EPOLLOUT | EPOLLERR, true)]
    public void IsAmbiguous_HangUpWithoutHalfCloseOrErrorWithoutHangUp(uint events, bool expected) =>
        Assert.Equal(expected, EpollTranslation.IsAmbiguous(events));

    [Theory]
    [InlineData(-1, -1)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(1_000_000, 1)]
    [InlineData(1_000_001, 2)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void ToMilliseconds_RoundsUp(long timeoutNs, int expected) =>
        Assert.Equal(expected, Kqueue.Epoll.EpollWait.ToMilliseconds(timeoutNs));

    [Theory]
    [InlineData(KEventNotes.None, 1_500, 1, 500_000_000)]
    [InlineData(KEventNotes.Milliseconds, 1_500, 1, 500_000_000)]
    [InlineData(KEventNotes.Seconds, 90, 90, 0)]
    [InlineData(KEventNotes.Microseconds, 2_000_001, 2, 1_000)]
    [InlineData(KEventNotes.Nanoseconds, 1_000_000_001, 1, 1)]
    [InlineData(KEventNotes.Seconds, long.MaxValue, long.MaxValue, 0)]
    public void SettingOf_EveryUnit_IsSecondsAndNanoseconds(
        KEventNotes notes, long amount, long seconds, long nanoseconds)
    {
        var periodic = TimerTranslation.SettingOf(amount, notes, isOneShot: false);
        var oneShot = TimerTranslation.SettingOf(amount, notes, isOneShot: true);

        Assert.Equal((seconds, nanoseconds), (periodic.Value.Seconds, periodic.Value.Nanoseconds));
        Assert.Equal(periodic.Value, periodic.Interval);
        Assert.Equal(periodic.Value, oneShot.Value);
        Assert.Equal(default, oneShot.Interval);
    }

    [Fact]
    public void Validate_WriteLowWater_IsAnErrorThatNamesFilterNoteAndPlatform()
    {
        var error = Assert.Throws<PlatformNotSupportedException>(() => EpollTranslation.Validate(
            [new KEvent(3, KEventFilter.Write, KEventFlags.Add, KEventNotes.LowWater, data: 1)]));

        Assert.Contains("WRITE", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KEventNotes.LowWater), error.Message, StringComparison.Ordinal);
        Assert.Contains("Linux", error.Message, StringComparison.Ordinal);
    }
}
