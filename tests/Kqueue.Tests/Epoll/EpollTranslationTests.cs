using Kqueue.Epoll;
using static Kqueue.Interop.Libc;

namespace Kqueue.Tests.Epoll;

public sealed class EpollTranslationTests
{
    private const uint Reading = EPOLLIN | EPOLLRDHUP;

    [Fact]
    public void Interest_ArmedFilters_IsAlwaysEdgeTriggered()
    {
        Assert.Equal(EPOLLET, EpollTranslation.Interest(read: false, write: false));
        Assert.Equal(Reading | EPOLLPRI | EPOLLET, EpollTranslation.Interest(read: true, write: false));
        Assert.Equal(EPOLLOUT | EPOLLET, EpollTranslation.Interest(read: false, write: true));
        Assert.Equal(Reading | EPOLLPRI | EPOLLOUT | EPOLLET, EpollTranslation.Interest(read: true, write: true));
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

    // EPOLLERR is a pipe's end for its writer; for a reader it is a file of sysfs that has changed.
    [Theory]
    [InlineData(EPOLLIN, false, false)]
    [InlineData(EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR, false, false)]
    [InlineData(EPOLLOUT | EPOLLHUP, true, true)]
    [InlineData(EPOLLOUT | EPOLLERR, false, true)]
    [InlineData(EPOLLPRI | EPOLLERR, false, true)]
    public void IsAmbiguous_HangUpWithoutHalfCloseOrAWritersError(uint events, bool read, bool write)
    {
        Assert.Equal(read, EpollTranslation.IsAmbiguous(KEventFilter.Read, events));
        Assert.Equal(write, EpollTranslation.IsAmbiguous(KEventFilter.Write, events));
    }

    [Theory]
    [InlineData(-1, -1)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(1_000_000, 1)]
    [InlineData(1_000_001, 2)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void ToMilliseconds_RoundsUp(long timeoutNs, int expected) =>
        Assert.Equal(expected, Kqueue.Epoll.EpollWait.ToMilliseconds(timeoutNs));
}
