namespace Bench.Tools;

/// <summary>What a load tool used of the processors.</summary>
/// <param name="Share">Processor time by time: 1 is one core.</param>
/// <param name="Threads">The tool's threads.</param>
internal readonly record struct ClientCpu(double Share, int Threads)
{
    /// <summary>The share of a core that each thread used; at 1 the tool is what limits a rate.</summary>
    public double PerThread => Share / Threads;
}
