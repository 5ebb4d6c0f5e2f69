using Bench.Measurements;
using Bench.Servers;

namespace Bench.Cases;

/// <summary>Something to measure on a server.</summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
internal abstract class BenchCase(string name, string title)
{
    public string Name { get; } = name;

    public string Title { get; } = title;

    public abstract CaseGroup Group { get; }

    /// <summary>
    /// Whether every scheduling mode is measured by default; otherwise only the default one is. --servers asks for
    /// more.
    /// </summary>
    public bool ComparesSchedulings { get; init; }

    /// <summary>Whether a server without Kestrel can answer it.</summary>
    public bool SuitsEpollServer { get; init; }

    /// <summary>How its server is started.</summary>
    public ServerSetting Setting { get; init; } = ServerSetting.Default;

    /// <summary>What a server that warms up needs for it beyond the warm-up of all cases.</summary>
    public TimeSpan MoreWarmup { get; init; }

    /// <summary>Whether it is run on a server that nobody asked for by name.</summary>
    public bool ComparesByDefault(BenchServer server) =>
        ComparesSchedulings || !ServerCatalog.OtherSchedulings.Contains(server.Name);

    public bool Suits(BenchServer server) => server.IsWebApp || SuitsEpollServer;

    /// <summary>How long a run takes, but for the start and the end of the server.</summary>
    public virtual TimeSpan TimeOf(TimeSpan warmup, TimeSpan duration) => warmup + duration;

    /// <summary>Measures on a server that was just started.</summary>
    public abstract Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation);
}
