using Bench.Tools;

namespace Bench.Loads;

/// <summary>Requests to a server.</summary>
internal abstract record Load
{
    /// <summary>Makes them for a time, in whole seconds.</summary>
    /// <exception cref="ToolException">A tool is missing or failed.</exception>
    public abstract Task<LoadReport> RunAsync(LoadTools tools, TimeSpan duration, CancellationToken cancellation);

    /// <summary>The same at a pace that leaves the server's compiler processor time.</summary>
    public abstract Load Paced();
}
