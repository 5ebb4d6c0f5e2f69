namespace KqueueTransport.Simulation.Kernel;

/// <summary>What the simulated kernel does to the process beside what a kernel does every day.</summary>
internal enum Fault
{
    Interrupted,
    ShortReceive,
    ShortSend,
    UrgentMark,
    ReceiveWouldBlock,
    SendWouldBlock,
    NoBuffers,
    OutOfDescriptors,
    NoSocket,
    OptionFailed,
    AcceptAborted,
    PeerGoneAtAccept,
    ArmFailed,
    NetworkError,
    CloseRemark,
    SpuriousEvent,
    DuplicateEvent,
    StaleEvent,
    WaitWithoutEvents,
    PartOfTheEvents,
    Stall,
}
