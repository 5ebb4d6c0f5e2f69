namespace Kqueue.Tests.Infrastructure;

/// <summary>What kernels differ in. Everything else in the contract suite holds for all of them.</summary>
public enum KernelTrait
{
    /// <summary>An EOF event carries the socket's error in its notes.</summary>
    SocketErrorInNotes,

    /// <summary>
    /// An edge-triggered READ of a listen socket reports again after each accept that leaves connections.
    /// </summary>
    EachAcceptReportsTheRest,

    /// <summary>The data of a listen socket's READ is the length of its queue.</summary>
    AcceptQueueLength,

    /// <summary>The data of WRITE is the free space.</summary>
    FreeSpace,

    /// <summary>
    /// An edge-triggered WRITE reports when the peer acknowledges, without a send that found no room.
    /// </summary>
    AcknowledgementsReportWrite,

    /// <summary>An edge-triggered WRITE stays silent when data comes in.</summary>
    ReceivingLeavesWriteSilent,

    /// <summary>Arming one filter does not make the other, edge-triggered one report a second time.</summary>
    FiltersAreIndependent,

    /// <summary>Of two filters of one descriptor that are both ready READ is reported first.</summary>
    ReadComesFirst,

    /// <summary>ENABLE of an enabled edge-triggered knote re-arms it.</summary>
    EnableRearms,

    /// <summary>READ that was added before listen(2) reports connections.</summary>
    ReadBeforeListen,

    /// <summary>Closing a descriptor removes its knotes.</summary>
    CloseRemovesKnotes,

    /// <summary>Closing a descriptor removes its knotes also while a duplicate keeps the socket open.</summary>
    CloseOfDuplicatedRemovesKnotes,

    /// <summary>The filter USER exists.</summary>
    UserFilter,

    /// <summary>A trigger in the change that makes a USER knote is lost.</summary>
    TriggerWithAddIsLost,

    /// <summary>A trigger with CLEAR among its flags is lost.</summary>
    TriggerWithClearIsLost,

    /// <summary>Every change of a knote takes over its user data, a bare trigger included.</summary>
    TriggerTakesUserData,

    /// <summary>Repeating the ADD without CLEAR leaves a knote edge-triggered.</summary>
    ModeStaysThatOfCreation,

    /// <summary>A low-water mark holds a READ event back.</summary>
    ReadLowWater,

    /// <summary>Receipts hold readiness back in the call that returns them, and later events say RECEIPT.</summary>
    ReceiptIsRemembered,

    /// <summary>A TIMER that is added again starts anew with the new time.</summary>
    TimerRestarts,

    /// <summary>A TIMER at a point in time.</summary>
    AbsoluteTimer,

    /// <summary>An edge-triggered event wakes one of two waiting threads.</summary>
    EdgeWakesOneWaiter,

    /// <summary>A WRITE event says EOF after the own end was shut for sending.</summary>
    OwnShutdownEndsWrite,

    /// <summary>USER keeps the caller's 24 flags.</summary>
    UserFlags,

    /// <summary>The filter PROCESS.</summary>
    ProcessFilter,

    /// <summary>The filter VNODE.</summary>
    VnodeFilter,

    /// <summary>The filter SIGNAL.</summary>
    SignalFilter,

    /// <summary>A change of a descriptor that is not open is answered with EBADF.</summary>
    BadDescriptorIsEBADF,

    /// <summary>A descriptor may have READ and WRITE at once.</summary>
    BothFilters,

    /// <summary>Repeating the ADD of an edge-triggered knote re-arms it.</summary>
    AddRearms,

    /// <summary>Waits and timers of less than a millisecond, and of none, are what they say.</summary>
    ExactTimes,

    /// <summary>What is triggered while a USER knote is disabled is reported once it is enabled.</summary>
    TriggerOutlivesDisabling,

    /// <summary>A WRITE event says EOF after a pipe's reader has closed.</summary>
    PipeReaderEndsWrite,
}
