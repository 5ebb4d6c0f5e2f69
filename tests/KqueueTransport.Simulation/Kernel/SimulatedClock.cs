namespace KqueueTransport.Simulation.Kernel;

/// <summary>Time that passes when the simulation says so.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    public TimeSpan Now { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;

    public void PassTo(TimeSpan time)
    {
        if (time > Now)
        {
            Now = time;
        }
    }
}
