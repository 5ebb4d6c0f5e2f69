using System.Globalization;
using Kqueue.Epoll;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Epoll;

/// <summary>
/// A level knote whose descriptor is closed while a duplicate keeps its registration: epoll goes on to report
/// (epoll(7), Q6), and neither the backend nor its caller may spin over that.
/// </summary>
public sealed class EpollDuplicateTests : IDisposable
{
    private const int ReservedNumber = 711;

    private readonly KernelSockets _sockets = KernelSockets.OfSystem();
    private readonly SocketPair _pair;
    private readonly TestSocket _duplicate;

    public EpollDuplicateTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        _pair = _sockets.ConnectPair().WithNearAt(ReservedNumber);
        _duplicate = _pair.Near.Duplicate();
    }

    public void Dispose()
    {
        _duplicate.Dispose();
        _pair.Dispose();
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void Close_DuplicateKeepsALevelKnotesSocket_IsReportedOnceAtMost(bool fillData, bool isReported)
    {
        const long WindowNs = 200_000_000;
        using var queue = new EpollKernelQueue(fillData, isPrecise: true);
        queue.Apply(Changes.Read(_pair.Near, Add));
        if (isReported)
        {
            _pair.Peer.Send(1);
            queue.WaitForEvent();
        }

        _pair.Near.Close();
        _pair.Peer.Send(1);
        _duplicate.WaitForBytes(isReported ? 2 : 1);

        var calls = 0;
        var events = new KEvent[4];
        var before = ProcessorNs();
        for (var isOver = false; !isOver; calls++)
        {
            isOver = queue.Kevent([], events, WindowNs) == 0;
            Assert.True(calls < 10, "The closed descriptor is reported again and again.");
        }

        Assert.InRange(calls, 1, fillData ? 1 : 2);
        Assert.InRange(ProcessorNs() - before, 0, WindowNs / 4);
    }

    // What the kernel says of the duplicate carries the number, which is another descriptor's by now.
    [Fact]
    public void Close_DuplicateGoesOnAndTheNumberIsAnothers_ReachesNobody()
    {
        using var queue = new EpollKernelQueue(fillData: false, isPrecise: true);
        queue.Apply(Changes.Read(_pair.Near, Add | Clear));
        _pair.Near.Close();
        using var next = _sockets.ConnectPair().WithNearAt(ReservedNumber);
        queue.Apply(Changes.Read(next.Near, Add | Clear));

        _pair.Peer.Send(1);
        _duplicate.WaitForBytes(1);

        queue.ExpectSilence();
        next.Peer.Send(1);
        queue.WaitForEvent();
    }

    // proc(5), schedstat: the time on a processor, of this thread.
    private static long ProcessorNs() =>
        long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
}
