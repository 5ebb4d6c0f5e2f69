using static Kqueue.Tests.Infrastructure.KernelTrait;

namespace Kqueue.Tests.Infrastructure;

/// <summary>The one table of what a kernel lacks, and why.</summary>
internal static class KernelGates
{
    private const string NotMeasured = "not measured on this kernel";
    private const string ActivationOrder = "the order is that of activation and not defined (kqueue(2))";

    private static readonly Dictionary<KernelTrait, string> s_epoll = new()
    {
        [SocketErrorInNotes] = "reading SO_ERROR takes the error away from the next receive",
        [EachAcceptReportsTheRest] = "accept(2) is no edge for epoll: accept until would-block",
        [AcknowledgementsReportWrite] = "Linux speaks of room only after a send that found none",
        [ReceivingLeavesWriteSilent] = "epoll reports all that is true of a descriptor when anything of it changes",
        [FiltersAreIndependent] = "EPOLL_CTL_MOD looks at both filters of the one registration again",
        [OwnShutdownEndsWrite] = "epoll says EPOLLOUT alone (tcp_poll); only getsockopt(TCP_INFO) could tell",
    };

    private static readonly Dictionary<KernelTrait, string> s_playedLibkqueue = new(s_epoll)
    {
        [ReceiptIsRemembered] = "libkqueue gets no RECEIPT: the result of its call is one",
    };

    private static readonly Dictionary<KernelTrait, string> s_freeBsd = new()
    {
        [ReadComesFirst] = ActivationOrder,
        [OwnShutdownEndsWrite] = NotMeasured,
        [UserFlags] = NotMeasured,
        [ProcessFilter] = NotMeasured,
        [VnodeFilter] = NotMeasured,
        [SignalFilter] = NotMeasured,
    };

    private static readonly Dictionary<KernelTrait, string> s_netBsd = new()
    {
        [ReadComesFirst] = ActivationOrder,
        [EnableRearms] = "ENABLE of an enabled knote does nothing on NetBSD",
        [ReadBeforeListen] = "NetBSD never reports a READ that was added before listen(2)",
        [UserFilter] = "NetBSD has the filter since release 10",
        [TriggerWithAddIsLost] = NotMeasured,
        [TriggerWithClearIsLost] = NotMeasured,
        [TriggerTakesUserData] = NotMeasured,
        [TimerRestarts] = NotMeasured,
        [AbsoluteTimer] = "NetBSD has NOTE_ABSTIME since release 10",
        [ReadLowWater] = NotMeasured,
        [OwnShutdownEndsWrite] = NotMeasured,
        [UserFlags] = NotMeasured,
        [ProcessFilter] = NotMeasured,
        [VnodeFilter] = NotMeasured,
        [SignalFilter] = NotMeasured,
    };

    private static readonly Dictionary<KernelTrait, string> s_darwin = new()
    {
        [ReadComesFirst] = ActivationOrder,
        [AcceptQueueLength] = "XNU counts incomplete connections too (uipc_socket.c, filt_soread_common)",
        [EachAcceptReportsTheRest] = NotMeasured,
        [EnableRearms] = NotMeasured,
        [TriggerWithAddIsLost] = "XNU triggers at once (kern_event.c, filt_userattach)",
        [TriggerWithClearIsLost] = NotMeasured,
        [TriggerTakesUserData] = NotMeasured,
        [ModeStaysThatOfCreation] = NotMeasured,
        [ReceiptIsRemembered] = NotMeasured,
        [EdgeWakesOneWaiter] = NotMeasured,
        [OwnShutdownEndsWrite] = NotMeasured,
        [UserFlags] = NotMeasured,
        [ProcessFilter] = NotMeasured,
        [VnodeFilter] = NotMeasured,
        [SignalFilter] = NotMeasured,
    };

    private static readonly Dictionary<KernelTrait, string> s_libkqueue = new()
    {
        [ReadComesFirst] = ActivationOrder,
        [SocketErrorInNotes] = "libkqueue has Linux's numbers and takes SO_ERROR itself (src/linux/read.c)",
        [EachAcceptReportsTheRest] = "accept(2) is no edge for epoll",
        [AcceptQueueLength] = "libkqueue reports 1 (src/linux/read.c)",
        [FreeSpace] = "libkqueue reports the bytes queued (src/linux/write.c)",
        [AcknowledgementsReportWrite] = "Linux speaks of room only after a send that found none",
        [ReceivingLeavesWriteSilent] = "epoll reports all that is true of a descriptor when anything of it changes",
        [FiltersAreIndependent] = "both filters share an epoll registration",
        [EnableRearms] = NotMeasured,
        [ReadBeforeListen] = NotMeasured,
        [CloseRemovesKnotes] = "libkqueue does not notice close(2) (BUGS.md)",
        [CloseOfDuplicatedRemovesKnotes] = "libkqueue does not notice close(2) (BUGS.md)",
        [TriggerWithAddIsLost] = NotMeasured,
        [TriggerWithClearIsLost] = NotMeasured,
        [TriggerTakesUserData] = NotMeasured,
        [ModeStaysThatOfCreation] = NotMeasured,
        [ReadLowWater] = "libkqueue sets SO_RCVLOWAT on the socket (src/linux/read.c)",
        [ReceiptIsRemembered] = "libkqueue gets no RECEIPT: the result of its call is one",
        [TimerRestarts] = NotMeasured,
        [AbsoluteTimer] = NotMeasured,
        [EdgeWakesOneWaiter] = NotMeasured,
        [OwnShutdownEndsWrite] = NotMeasured,
        [UserFlags] = NotMeasured,
        [ProcessFilter] = NotMeasured,
        [VnodeFilter] = NotMeasured,
        [SignalFilter] = NotMeasured,
        [BadDescriptorIsEBADF] = "libkqueue 2.3 says EFAULT",
        [BothFilters] = "libkqueue 2.3 answers EFAULT to the second filter of a descriptor",
        [AddRearms] = "libkqueue 2.3 does not look at the descriptor again",
        [ExactTimes] = "libkqueue 2.3 cuts off parts of a millisecond, and takes microseconds for nanoseconds",
        [TriggerOutlivesDisabling] = "libkqueue 2.3 loses it",
        [PipeReaderEndsWrite] = "libkqueue 2.3 does not say so",
    };

    /// <summary>Why the kernel behind a backend lacks the trait; null when it has it.</summary>
    /// <param name="kernel">epoll, darwin, freebsd, netbsd or libkqueue, which may be played.</param>
    /// <param name="trait">What is asked for.</param>
    public static string? WhyLacking(string kernel, KernelTrait trait) => TableOf(kernel).GetValueOrDefault(trait);

    private static Dictionary<KernelTrait, string> TableOf(string kernel) => kernel switch
    {
        "epoll" => s_epoll,
        "darwin" => s_darwin,
        "freebsd" => s_freeBsd,
        "netbsd" => s_netBsd,
        "libkqueue" => s_libkqueue,
        "libkqueue, played" => s_playedLibkqueue,
        _ => throw new ArgumentException($"No gates for '{kernel}'.", nameof(kernel)),
    };
}
