using Bench.Loads;
using Bench.Measurements;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>Something to measure on servers that are alive at the same time.</summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
internal abstract class BenchCase(string name, string title)
{
    public string Name { get; } = name;

    public string Title { get; } = title;

    public abstract CaseGroup Group { get; }

    /// <summary>The names of the servers that are compared when nobody asks for others.</summary>
    public IReadOnlyList<string> Servers { get; init; } = ServerCatalog.Usual;

    /// <summary>Whether a server without Kestrel can answer it.</summary>
    public bool SuitsEpollServer { get; init; }

    /// <summary>Whether there is no end of requests, so that processors with nothing to do are worth a mark.</summary>
    public virtual bool Saturates => false;

    /// <summary>How its servers are started.</summary>
    public ServerSetting Setting { get; init; } = ServerSetting.Default;

    /// <summary>
    /// How often a process is measured; null for as often as there are rounds. One that has been through it may be
    /// another one afterwards.
    /// </summary>
    public virtual int? WindowsPerProcess => null;

    /// <summary>Whether each window is of a process that it starts by itself.</summary>
    public virtual bool StartsProcesses => false;

    public bool Suits(BenchServer server) =>
        server.IsWebApp ? !Setting.IsProxy || ServerCatalog.OfProxy.Contains(server.Name) : SuitsEpollServer;

    /// <summary>How long a window takes, with what belongs to it.</summary>
    public virtual TimeSpan TimeOf(TimeSpan duration) => duration;

    /// <summary>What makes a process warm; null when it need not be.</summary>
    public virtual Load? WarmUpFor(ServerEndPoints at) => null;

    /// <summary>What goes on beside all windows: from when all processes are warm until its disposal.</summary>
    public virtual Task<IAsyncDisposable?> BeginAsync(
        IReadOnlyList<ServerProcess> processes, LoadTools tools, CancellationToken cancellation) =>
        Task.FromResult<IAsyncDisposable?>(null);

    /// <summary>Measures one window.</summary>
    public abstract Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation);

    /// <summary>Counts what does not depend on the machine's speed, at the end; null for nothing.</summary>
    public virtual Task<Measurement?> CountAsync(CaseRun run, CancellationToken cancellation) =>
        Task.FromResult<Measurement?>(null);
}
