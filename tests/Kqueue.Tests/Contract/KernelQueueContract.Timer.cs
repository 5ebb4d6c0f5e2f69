using System.Diagnostics;
using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Theory]
    [InlineData(KEventNotes.None, 20)]
    [InlineData(KEventNotes.Milliseconds, 20)]
    [InlineData(KEventNotes.Microseconds, 20_000)]
    [InlineData(KEventNotes.Nanoseconds, 20_000_000)]
    public void TimerOneShot_EveryUnit_FiresOnceWhenTheTimeIsUp(KEventNotes unit, long data)
    {
        Requires(KernelTrait.ExactTimes);
        var queue = CreateQueue();
        var started = Stopwatch.GetTimestamp();
        queue.Apply(Changes.Timer(5, Add | OneShot, unit, data, userData: 6));

        var reported = queue.WaitForEvent();

        // The kernels' own clock may tick between ours: half the time is enough to tell the units apart. Another unit
        // would be at least 20 s.
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 10, 18_000);
        Assert.Equal((5, KEventFilter.Timer, 6), (reported.Ident, reported.Filter, reported.UserData));
        Assert.Equal(1, reported.Data);
        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Timer(5, Delete, KEventNotes.None, 0)).ChangeError);
    }

    [Fact]
    public void TimerOneShot_InSeconds_DoesNotFireBefore()
    {
        var queue = CreateQueue();
        queue.Apply(
            Changes.Timer(1, Add | OneShot, KEventNotes.Seconds, data: 3600),
            Changes.Timer(2, Add | OneShot, KEventNotes.Milliseconds, data: 1));

        Assert.Equal(2, queue.WaitForEvent().Ident);
        queue.ExpectSilence();
    }

    [Fact]
    public void TimerPeriodic_ReportedLate_TheExpirationsAddUp()
    {
        var queue = CreateQueue();
        queue.Apply(
            Changes.Timer(1, Add, KEventNotes.Milliseconds, data: 2),
            Changes.Timer(2, Add | OneShot | Disable, KEventNotes.Milliseconds, data: 1));

        Assert.True(queue.WaitForEvent().Data >= 1);
        Assert.True(queue.WaitForEvent().Data >= 1);

        var started = Stopwatch.GetTimestamp();
        SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(started).TotalMilliseconds > 20);
        Assert.True(queue.WaitForEvent().Data >= 5);
    }

    [Fact]
    public void TimerPeriodic_Deleted_StaysSilent()
    {
        var queue = CreateQueue();
        queue.Apply(Changes.Timer(1, Add, KEventNotes.Milliseconds, data: 1));
        queue.WaitForEvent();

        queue.Apply(Changes.Timer(1, Delete, KEventNotes.None, 0));

        Assert.Equal(0, queue.Kevent([], new KEvent[1], timeoutNs: 10_000_000));
    }

    [Fact]
    public void TimerPeriodic_Disabled_IsReportedAfterEnable()
    {
        var queue = CreateQueue();
        queue.Apply(Changes.Timer(1, Add, KEventNotes.Milliseconds, data: 1));
        queue.WaitForEvent();

        queue.Apply(Changes.Timer(1, Disable, KEventNotes.None, 0));
        Assert.Equal(0, queue.Kevent([], new KEvent[1], timeoutNs: 10_000_000));

        queue.Apply(Changes.Timer(1, Enable, KEventNotes.None, 0));
        Assert.True(queue.WaitForEvent().Data >= 1);
    }

    [Fact]
    public void Timer_AddedAgain_StartsAnewWithTheNewTime()
    {
        Requires(KernelTrait.TimerRestarts);
        var queue = CreateQueue();
        queue.Apply(Changes.Timer(1, Add | OneShot, KEventNotes.Seconds, data: 3600));

        queue.Apply(Changes.Timer(1, Add | OneShot, KEventNotes.Milliseconds, data: 1, userData: 3));

        Assert.Equal(3, queue.WaitForEvent().UserData);
    }

    [Fact]
    public void TimerAbsolute_PointInTime_FiresOnceThen()
    {
        Requires(KernelTrait.AbsoluteTimer);
        var queue = CreateQueue();
        var point = DateTimeOffset.UtcNow.AddMilliseconds(20);
        queue.Apply(Changes.Timer(
            1, Add | OneShot, KEventNotes.Absolute | KEventNotes.Milliseconds, point.ToUnixTimeMilliseconds()));

        queue.WaitForEvent();

        Assert.True(DateTimeOffset.UtcNow >= point.AddMilliseconds(-2));
        Assert.Equal(0, queue.Kevent([], new KEvent[1], timeoutNs: 10_000_000));
    }

    [Fact]
    public void TimerAbsolute_NoModeIsNamed_FiresOnce()
    {
        Requires(KernelTrait.AbsoluteTimer);
        var queue = CreateQueue();

        queue.Apply(Changes.Timer(1, Add, KEventNotes.Absolute | KEventNotes.Seconds, data: 1));

        queue.WaitForEvent();
        Assert.Equal(0, queue.Kevent([], new KEvent[1], timeoutNs: 10_000_000));
    }

    [Fact]
    public void TimerAbsolute_InThePast_FiresAtOnce()
    {
        Requires(KernelTrait.AbsoluteTimer);
        var queue = CreateQueue();

        queue.Apply(Changes.Timer(1, Add | OneShot, KEventNotes.Absolute | KEventNotes.Seconds, data: 1));

        queue.WaitForEvent();
    }

    [Fact]
    public void Timer_Zero_FiresAtOnce()
    {
        Requires(KernelTrait.ExactTimes);
        var queue = CreateQueue();

        queue.Apply(Changes.Timer(1, Add | OneShot, KEventNotes.None, data: 0));

        queue.WaitForEvent();
    }

    // A period of nothing would be a busy loop; FreeBSD makes it one unit (kern_event.c, filt_timervalidate).
    [Fact]
    public void TimerPeriodic_Zero_IsOneUnit()
    {
        var queue = CreateQueue();
        var started = Stopwatch.GetTimestamp();
        queue.Apply(Changes.Timer(1, Add, KEventNotes.Milliseconds, data: 0));

        var expirations = 0L;
        while (expirations < 5)
        {
            expirations += queue.WaitForEvent().Data;
        }

        Assert.InRange(expirations, 5, Stopwatch.GetElapsedTime(started).TotalMilliseconds + 1);
    }

    [Fact]
    public void Timer_ManyAndHalfAreDeleted_TheOthersFireOnce()
    {
        var queue = CreateQueue();
        var idents = Enumerable.Range(1, 300).Select(ident => (ident * 7919 % 300) + 1).ToArray();
        queue.Apply([.. idents.Select(ident =>
            Changes.Timer(ident, Add | OneShot, KEventNotes.Milliseconds, data: 10 + (ident / 50 * 5)))]);
        queue.Apply([.. idents.Where(ident => ident % 2 == 0)
            .Select(ident => Changes.Timer(ident, Delete, KEventNotes.None, 0))]);

        var fired = new List<nint>();
        while (fired.Count < 150)
        {
            fired.AddRange(queue.WaitForEvents(capacity: 8).Select(reported => reported.Ident));
        }

        Assert.Equal(idents.Where(ident => ident % 2 != 0).Select(ident => (nint)ident).Order(), fired.Order());
        queue.ExpectSilence();
    }

    [Fact]
    public void Wait_ATimerIsShorterThanTheTimeout_BothEndInTheirTime()
    {
        var queue = CreateQueue();
        queue.Apply(Changes.Timer(1, Add | OneShot, KEventNotes.Milliseconds, data: 5));
        queue.Apply(Changes.Timer(1, Delete, KEventNotes.None, 0));
        queue.Apply(Changes.Timer(2, Add | OneShot, KEventNotes.Seconds, data: 1_000));
        var started = Stopwatch.GetTimestamp();

        Assert.Equal(0, queue.Kevent([], new KEvent[1], timeoutNs: 20_000_000));

        Assert.True(Stopwatch.GetElapsedTime(started).TotalMilliseconds >= 20);
        queue.Apply(Changes.Timer(3, Add | OneShot, KEventNotes.Milliseconds, data: 5));
        Assert.Equal(3, queue.WaitForEvent().Ident);
    }

    [Fact]
    public void Factories_EveryOne_MakesTheUsualChange()
    {
        Requires(KernelTrait.BothFilters);
        Requires(KernelTrait.UserFilter);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);

        queue.Apply(
            KEvent.Read(pair.Near.Ident, Add | Clear, userData: 1),
            KEvent.Write(pair.Near.Ident, Add | OneShot, userData: 2),
            KEvent.Timer(1, TimeSpan.FromTicks(1), OneShot, userData: 3),
            KEvent.User(2, userData: 4),
            KEvent.Trigger(2, userData: 4));

        var seen = new HashSet<nint>();
        while (seen.Count < 4)
        {
            seen.UnionWith(queue.WaitForEvents().Select(reported => reported.UserData));
        }

        Assert.Equal([1, 2, 3, 4], seen.Order());
        queue.ExpectSilence();
    }

    [Fact]
    public void Timer_NegativeTimeOrTwoUnits_IsRefused()
    {
        var queue = CreateQueue();

        Assert.Throws<ArgumentException>(() => queue.Apply(Changes.Timer(1, Add, KEventNotes.None, data: -1)));
        Assert.Throws<ArgumentException>(
            () => queue.Apply(Changes.Timer(1, Add, KEventNotes.Seconds | KEventNotes.Nanoseconds, data: 1)));
    }
}
