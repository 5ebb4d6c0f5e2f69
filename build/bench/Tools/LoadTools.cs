namespace Bench.Tools;

/// <summary>The programs that load a server.</summary>
internal sealed class LoadTools
{
    public LoadTools()
    {
        // Half of the machine, so that the server has the other half.
        Threads = Math.Max(1, Environment.ProcessorCount / 2);
        Wrk = new Wrk(Threads);
        H2Load = new H2Load(Threads);
    }

    /// <summary>The threads of a load tool.</summary>
    public int Threads { get; }

    public Wrk Wrk { get; }

    public H2Load H2Load { get; }
}
