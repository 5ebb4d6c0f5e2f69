namespace KqueueTransport.Simulation.Kernel;

/// <summary>What an address says to whoever connects to it.</summary>
internal enum Answer
{
    Accepts,

    /// <summary>connect(2) returns connected, as it may on loopback and on Unix sockets.</summary>
    AcceptsAtOnce,

    Refuses,
    RefusesAtOnce,
    HasNoRoute,
    HasNoRouteAtOnce,

    /// <summary>It never says anything.</summary>
    IsSilent,
}
