namespace KqueueTransport.Simulation.Kernel;

/// <summary>A descriptor that is nothing but readable or not.</summary>
internal sealed class SimulatedProbe(int id)
{
    public int Id => id;

    public bool IsReadable { get; set; }
}
