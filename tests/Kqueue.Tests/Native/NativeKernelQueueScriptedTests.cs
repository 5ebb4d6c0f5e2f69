using Kqueue.EventLoops;
using Kqueue.Interop;
using Kqueue.Native;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Native;

/// <summary>The native path against one awkward answer of a kernel at a time.</summary>
public sealed class NativeKernelQueueScriptedTests
{
    private static readonly KEvent s_add = new(3, KEventFilter.Read, Add | Clear, userData: 9);

    public static TheoryData<string> Layouts => [.. Systems, "libkqueue"];

    public static TheoryData<string> Systems => ["darwin", "freebsd", "netbsd"];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Kevent_Interrupted_ReturnsNoEventsAndHandsTheChangesInOnce(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Fail("EINTR");

        Assert.Equal(0, queue.Kevent([s_add], new KEvent[4]));

        Assert.Single(kernel.Calls);
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Kevent_NoEventsInAnEndlessWait_IsNoError(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Answer();

        Assert.Equal(0, queue.Kevent([], new KEvent[4]));

        Assert.Null(Assert.Single(kernel.Calls).Timeout);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Kevent_ChangeFailedWithRoom_TheErrorIsUnderItsName(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Answer(call => call.Changes[0] with
        {
            // XNU adds EV_ERROR to the flags of the change.
            Flags = call.Changes[0].Flags | (uint)kernel.Abi["EV_ERROR"],
            Data = kernel.NumberOf("EOPNOTSUPP"),
        });
        var events = new KEvent[4];

        Assert.Equal(1, queue.Kevent([s_add], events));

        Assert.Equal(Errno.EOPNOTSUPP, events[0].ChangeError);
        Assert.Equal((3, KEventFilter.Read, 9), (events[0].Ident, events[0].Filter, events[0].UserData));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Kevent_ChangeFailedWithoutRoom_TheErrorIsUnderItsName(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Fail("ETIMEDOUT");

        Assert.Equal(Errno.ETIMEDOUT, queue.TryKevent([s_add], [], timeoutNs: 0).Error);
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Kevent_EofWithASocketError_TheErrorIsUnderItsName(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Answer(new PlayedEntry(
            3,
            kernel.Abi["EVFILT_READ"],
            (uint)(kernel.Abi["EV_EOF"] | kernel.Abi["EV_CLEAR"]),
            (uint)kernel.NumberOf("ECONNRESET"),
            Data: 5,
            UserData: 9));
        var events = new KEvent[1];

        Assert.Equal(1, queue.Kevent([], events));

        Assert.Equal(Eof | Clear, events[0].Flags);
        Assert.Equal((Errno.ECONNRESET, 5), (events[0].SocketError, events[0].Data));
    }

    // What is EV_OOBAND on macOS is a bit of the kernel's own elsewhere (sys/event.h).
    [Theory]
    [InlineData("darwin", Clear | OutOfBand)]
    [InlineData("freebsd", Clear)]
    [InlineData("netbsd", Clear)]
    [InlineData("libkqueue", Clear)]
    public void Kevent_UrgentDataIsIn_IsReportedWhereTheSystemSaysSo(string layout, KEventFlags expected)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Answer(new PlayedEntry(
            3, kernel.Abi["EVFILT_READ"], (uint)(Clear | OutOfBand), Notes: 0, Data: 5, UserData: 9));
        var events = new KEvent[1];

        Assert.Equal(1, queue.Kevent([], events));

        Assert.Equal(expected, events[0].Flags);
    }

    // NetBSD 7 was seen to return such an event (golang/go#14127): it must arrive as it is, for the caller to drop.
    [Theory]
    [MemberData(nameof(Layouts))]
    public void Kevent_EventWithoutUserData_PassesThrough(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Answer(new PlayedEntry(0, kernel.Abi["EVFILT_READ"], Flags: 0));
        var events = new KEvent[1];

        Assert.Equal(1, queue.Kevent([], events));

        Assert.Equal((0, 0), (events[0].Ident, events[0].UserData));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Kevent_KernelEchoesTheChangesFlags_TheyAreNotReported(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        var echoed = kernel.Abi["EV_ADD"] | kernel.Abi["EV_ENABLE"] | kernel.Abi["EV_CLEAR"];
        kernel.Answer(new PlayedEntry(3, kernel.Abi["EVFILT_WRITE"], (uint)echoed));
        var events = new KEvent[1];

        queue.Kevent([], events);

        Assert.Equal((KEventFilter.Write, Clear), (events[0].Filter, events[0].Flags));
    }

    // XNU defers the deletion of a knote that is being delivered and says EINPROGRESS (nanomsg/nng#318).
    [Fact]
    public void Kevent_DarwinDefersADeletion_IsSuccess()
    {
        using var queue = ScriptedKernel.CreateQueue("darwin", out var kernel);
        var deletion = new KEvent(3, KEventFilter.Read, Delete);
        kernel.Fail("EINPROGRESS");
        kernel.Refuse("EINPROGRESS");

        Assert.Equal(0, queue.Kevent([deletion], []));
        Assert.Equal(0, queue.Kevent([deletion], new KEvent[1]));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Kevent_Timeouts_AreCutToWhatEveryKernelTakes(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        var events = new KEvent[1];

        queue.Kevent([], events, timeoutNs: 0);
        queue.Kevent([], events, timeoutNs: 1_500_000_001);
        queue.Kevent([], events, timeoutNs: long.MaxValue);
        queue.Kevent([], events);
        queue.Kevent([], []);

        Assert.Equal(
            [(0L, 0L), (1L, 500_000_001L), (86_400L, 0L), null, (0L, 0L)],
            kernel.Calls.Select(call => call.Timeout));
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Kevent_EveryFilterAndFlag_HasTheSystemsNumbers(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        var abi = kernel.Abi;

        queue.Kevent(
            [
                new KEvent(3, KEventFilter.Read, Add | Clear | Receipt, KEventNotes.LowWater, data: 10, userData: -2),
                new KEvent(4, KEventFilter.Write, Add | OneShot | Disable),
                new KEvent(5, KEventFilter.User, None, KEventNotes.Trigger),
                new KEvent(6, KEventFilter.Timer, Add | Dispatch, KEventNotes.Microseconds, data: long.MaxValue),
            ],
            new KEvent[4],
            timeoutNs: 0);

        var flags = abi["EV_ADD"] | abi["EV_CLEAR"] | abi["EV_RECEIPT"];
        var dispatch = abi["EV_ADD"] | abi["EV_DISPATCH"];
        Assert.Equal(
            [
                new(3, abi["EVFILT_READ"], (uint)flags, (uint)abi["NOTE_LOWAT"], 10, -2),
                new(4, abi["EVFILT_WRITE"], (uint)(abi["EV_ADD"] | abi["EV_ONESHOT"] | abi["EV_DISABLE"])),
                new(5, abi["EVFILT_USER"], 0, (uint)abi["NOTE_TRIGGER"]),
                new(6, abi["EVFILT_TIMER"], (uint)dispatch, (uint)abi["NOTE_USECONDS"], long.MaxValue),
            ],
            Assert.Single(kernel.Calls).Changes);
    }

    [Theory]
    [InlineData("darwin", KEventNotes.Milliseconds, 0)]
    [InlineData("darwin", KEventNotes.Seconds | KEventNotes.Absolute, 9)]
    [InlineData("freebsd", KEventNotes.None, 0)]
    [InlineData("freebsd", KEventNotes.Milliseconds, 2)]
    [InlineData("freebsd", KEventNotes.Nanoseconds | KEventNotes.Absolute, 0x18)]
    [InlineData("netbsd", KEventNotes.Milliseconds, 0)]
    [InlineData("netbsd", KEventNotes.Nanoseconds, 3)]
    [InlineData("libkqueue", KEventNotes.Nanoseconds, 4)]
    public void Kevent_TimerUnit_IsTheSystemsNote(string layout, KEventNotes notes, uint expected)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);

        queue.Kevent([new KEvent(1, KEventFilter.Timer, Add, notes, data: 1)], []);

        Assert.Equal(expected, Assert.Single(kernel.Calls).Changes[0].Notes);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Kevent_PeriodOfZeroOrPointInThePast_IsOneUnitOrThePresent(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        var before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        queue.Kevent(
            [
                new KEvent(1, KEventFilter.Timer, Add, KEventNotes.Microseconds, data: 0),
                new KEvent(2, KEventFilter.Timer, Add | OneShot, KEventNotes.Microseconds, data: 0),
                new KEvent(3, KEventFilter.Timer, Add, KEventNotes.Absolute | KEventNotes.Seconds, data: 1),
                new KEvent(4, KEventFilter.Timer, Add, KEventNotes.Absolute | KEventNotes.Seconds, data: long.MaxValue),
            ],
            []);

        var times = Assert.Single(kernel.Calls).Changes.Select(change => change.Data).ToArray();
        Assert.Equal([1, 0, long.MaxValue], [times[0], times[1], times[3]]);
        Assert.InRange(times[2], before, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
    }

    // EVFILT_PROCDESC and its notes, or whatever else a system has: out and back as they are.
    [Theory]
    [MemberData(nameof(Systems))]
    public void Kevent_FilterWithoutAName_PassesAsItIs(string layout)
    {
        // NetBSD counts up: its numbers of a user's are those below zero here.
        const KEventFilter Unnamed = (KEventFilter)(-8);
        const KEventFlags UnnamedFlag = (KEventFlags)0x1000;
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);
        kernel.Answer(call => call.Changes[0] with { Data = 6, Notes = 0x8000_0002 });
        var events = new KEvent[1];

        Assert.Equal(1, queue.Kevent(
            [new KEvent(3, Unnamed, Add | UnnamedFlag, (KEventNotes)0x4000_0001, data: 5, userData: 7)], events));

        var played = Assert.Single(kernel.Calls).Changes[0];
        Assert.Equal(layout == "netbsd" ? 7 : -8, played.Filter);
        Assert.Equal((0x4000_0001u, 5L), (played.Notes, played.Data));
        Assert.Equal((Unnamed, 0x8000_0002u, 6L), (events[0].Filter, (uint)events[0].Notes, events[0].Data));
        Assert.Equal(Add | UnnamedFlag, events[0].Flags);
    }

    [Theory]
    [InlineData("darwin", 0x8400_0000u)]
    [InlineData("freebsd", 0x8000_0000u)]
    [InlineData("netbsd", 0x8000_0000u)]
    public void Kevent_ExitStatus_IsAskedForWhereTheSystemWantsToBe(string layout, uint expected)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);

        queue.Kevent([new KEvent(3, KEventFilter.Process, Add, KEventNotes.Exited | KEventNotes.ExitStatus)], []);

        Assert.Equal(expected, Assert.Single(kernel.Calls).Changes[0].Notes);
    }

    // libkqueue writes the entry of a change that failed and does not count it (src/common/kevent.c, kevent).
    [Fact]
    public void Kevent_KernelForgetsErrorEntries_ASingleChangeIsHandedInWithoutRoom()
    {
        using var queue = ScriptedKernel.CreateQueue("libkqueue", out var kernel);
        var events = new KEvent[4];
        kernel.Answer();
        kernel.Fail("ENOENT");
        kernel.Answer();

        KEvent[] more = [KEvent.Read(4, Add, userData: 9), KEvent.Read(5, Add | Receipt, userData: 9)];

        Assert.Equal(2, queue.Kevent([s_add, .. more], events));

        Assert.Equal(
            [(4, Errno.ENOENT, 9), (5, Errno.None, 9)],
            events[..2].Select(answer => (answer.Ident, answer.ChangeError, answer.UserData)));
        Assert.All(events[..2], answer => Assert.Equal((KEventFilter.Read, Error), (answer.Filter, answer.Flags)));
        Assert.Equal([3, 4, 5], kernel.Calls.Select(call => Assert.Single(call.Changes).Ident));
        Assert.All(kernel.Calls, call => Assert.Equal((0, (0, 0)), (call.EventCapacity, call.Timeout)));
    }

    [Fact]
    public void Kevent_KernelForgetsErrorEntriesAndNoneFails_ThenItWaits()
    {
        using var queue = ScriptedKernel.CreateQueue("libkqueue", out var kernel);
        kernel.Answer();
        kernel.Answer(new PlayedEntry(3, kernel.Abi["EVFILT_READ"], Flags: 0, UserData: 9));
        var events = new KEvent[4];

        Assert.Equal(1, queue.Kevent([s_add], events));

        Assert.Equal([0, 4], kernel.Calls.Select(call => call.EventCapacity));
        Assert.Equal((3, 9), (events[0].Ident, events[0].UserData));
        Assert.Null(kernel.Calls[1].Timeout);
    }

    [Fact]
    public void ForgetDescriptor_KernelThatNoticesNoClose_DeletesBothKnotes()
    {
        using var queue = ScriptedKernel.CreateQueue("libkqueue", out var kernel);
        kernel.Fail("ENOENT");

        queue.ForgetDescriptor(5, userData: 0);

        var changes = kernel.Calls.Select(call => Assert.Single(call.Changes)).ToArray();
        Assert.Equal([kernel.Abi["EVFILT_READ"], kernel.Abi["EVFILT_WRITE"]], changes.Select(c => c.Filter));
        Assert.All(changes, change => Assert.Equal((5, (uint)Delete), (change.Ident, change.Flags)));
    }

    // An event that it took would be lost: the wake of a loop that is to end, for one.
    [Fact]
    public void ForgetDescriptor_BothKnotesAreThere_TakesNoEvent()
    {
        using var queue = ScriptedKernel.CreateQueue("libkqueue", out var kernel);

        queue.ForgetDescriptor(5, userData: 0);

        Assert.Equal(2, kernel.Calls.Count);
        Assert.All(kernel.Calls, call => Assert.Equal(0, call.EventCapacity));
    }

    [Theory]
    [InlineData("darwin")]
    [InlineData("freebsd")]
    [InlineData("netbsd")]
    public void ForgetDescriptor_KernelThatNoticesTheClose_CostsNoCall(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);

        queue.ForgetDescriptor(5, userData: 0);

        Assert.Empty(kernel.Calls);
    }

    [Fact]
    public void Loop_KernelOfOneFilterForADescriptor_IsMadeUnlessBothAreNeeded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the kernel is played with epoll");
        var calls = PlayedKernel.CallsOf(PlayedKernel.OneFilterLibkqueue);
        var options = new EventLoopOptions { CreateQueue = _ => new NativeKernelQueue(KqueueAbi.Libkqueue, calls) };
        new EventLoop(options).Dispose();
        options.NeedsBothFilters = true;

        var error = Assert.Throws<PlatformNotSupportedException>(() => new EventLoop(options));

        Assert.StartsWith("kqueue (libkqueue) takes one filter", error.Message, StringComparison.Ordinal);
        Assert.Contains("EFAULT", error.Message, StringComparison.Ordinal);
        Assert.Contains("KernelQueueOptions.Library out", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireBothFilters_KernelThatTakesBoth_LeavesNeither()
    {
        using var queue = ScriptedKernel.CreateQueue("libkqueue", out var kernel);

        queue.RequireBothFilters();

        // Each entry of a change list goes by itself, and the wait has none.
        var changes = kernel.Calls.SelectMany(call => call.Changes).ToArray();
        var (read, write) = (kernel.Abi["EVFILT_READ"], kernel.Abi["EVFILT_WRITE"]);
        Assert.Equal([read, write, read, write], changes.Select(change => change.Filter));
        Assert.Equal([Add | Clear, Add | Clear, Delete, Delete], changes.Select(change => (KEventFlags)change.Flags));
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void RequireBothFilters_KernelOfASystem_CostsNoCall(string layout)
    {
        using var queue = ScriptedKernel.CreateQueue(layout, out var kernel);

        queue.RequireBothFilters();

        Assert.Empty(kernel.Calls);
    }

    [Fact]
    public void Kevent_NoUserFilter_IsAnErrorThatNamesFilterAndPlatform()
    {
        var kernel = ScriptedKernel.Of("netbsd");
        kernel.Refuse("EBADF");
        kernel.Fail("EINVAL");
        using var queue = kernel.CreateQueue("netbsd");

        var error = Assert.Throws<PlatformNotSupportedException>(
            () => queue.Kevent([s_add, new KEvent(1, KEventFilter.User, Add)], []));

        Assert.Contains("USER", error.Message, StringComparison.Ordinal);
        Assert.Contains("netbsd", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, kernel.Calls.Count);
    }

    [Fact]
    public void Loop_KernelWithoutUserFilter_IsRefusedAndGivesTheQueueBack()
    {
        var kernel = ScriptedKernel.Of("netbsd");
        kernel.Refuse("EBADF");
        kernel.Fail("EINVAL");
        var options = new EventLoopOptions { CreateQueue = _ => kernel.CreateQueue("netbsd") };

        Assert.Throws<PlatformNotSupportedException>(() => new EventLoop(options));

        Assert.Single(kernel.Closed);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Create_SelfCheck_AsksWithoutWaiting(string layout)
    {
        var kernel = ScriptedKernel.Of(layout);
        kernel.AnswerSelfCheck();

        kernel.CreateQueue(layout).Dispose();

        Assert.All(kernel.Calls, call => Assert.Equal((0, 0), call.Timeout));
        Assert.Equal(-1, kernel.Calls[0].Changes[0].Ident);
        Assert.Equal(1, kernel.Calls[0].EventCapacity);
        Assert.Equal([0], kernel.Closed);
    }

    [Theory]
    [InlineData("darwin", "freebsd")]
    [InlineData("darwin", "netbsd")]
    [InlineData("freebsd", "darwin")]
    [InlineData("freebsd", "netbsd")]
    [InlineData("netbsd", "darwin")]
    [InlineData("netbsd", "freebsd")]
    public void Create_KernelSpeaksAnotherLayout_ThrowsAndClosesTheQueue(string layout, string spoken)
    {
        var kernel = ScriptedKernel.Of(spoken);
        kernel.Refuse("EBADF");

        var error = Assert.Throws<KernelQueueException>(() => kernel.CreateQueue(layout));

        Assert.Contains(layout, error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KernelQueueOptions.Layout), error.Message, StringComparison.Ordinal);
        Assert.Equal([0], kernel.Closed);
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Create_KernelAcceptsABadDescriptor_Throws(string layout)
    {
        var kernel = ScriptedKernel.Of(layout);
        kernel.Answer();

        Assert.Throws<KernelQueueException>(() => kernel.CreateQueue(layout));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Create_CloseOnExec_IsAskedForWhereOneCallCanDoIt(string layout)
    {
        var kernel = ScriptedKernel.Of(layout);
        kernel.AnswerSelfCheck();

        kernel.CreateQueue(layout).Dispose();

        Assert.Equal(layout is "freebsd" or "netbsd" ? kernel.Abi["O_CLOEXEC"] : null, kernel.CreateFlags);
    }

    [Fact]
    public void Create_LimitOfQueuesReached_SaysSo()
    {
        var kernel = ScriptedKernel.Of("freebsd");
        kernel.CreateErrno = kernel.NumberOf("ENOMEM");

        var error = Assert.Throws<KernelQueueException>(() => kernel.CreateQueue("freebsd"));

        Assert.Equal(Errno.ENOMEM, error.Error);
        Assert.Contains("limit", error.Message, StringComparison.Ordinal);
    }

    // libkqueue takes at most 512 events at a call, and a list on the stack has its bound too.
    [Fact]
    public void Kevent_LongEventList_IsHandedInUpToABound()
    {
        using var queue = ScriptedKernel.CreateQueue("libkqueue", out var kernel);

        queue.Kevent([], new KEvent[10_000], timeoutNs: 0);

        Assert.InRange(Assert.Single(kernel.Calls).EventCapacity, 64, 512);
    }
}
