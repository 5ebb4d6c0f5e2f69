namespace KqueueTransport.Simulation.Kernel;

/// <summary>How a peer and the process come to be connected.</summary>
internal interface IHandshake
{
    /// <summary>Whether it is the other side's turn.</summary>
    bool IsPossible { get; }

    /// <summary>Whether the peer has its connection.</summary>
    bool IsDone { get; }

    void Take();
}
