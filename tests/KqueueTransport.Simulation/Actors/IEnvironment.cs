namespace KqueueTransport.Simulation.Actors;

/// <summary>What happens outside of the process's threads: peers, the network, the time.</summary>
internal interface IEnvironment
{
    /// <summary>How many different things could happen next.</summary>
    int CountSteps();

    /// <summary>Lets one of them happen.</summary>
    void TakeStep(int index);

    /// <summary>Lets time pass up to the next deadline; false when nobody waits for one.</summary>
    bool TryPassTime();
}
