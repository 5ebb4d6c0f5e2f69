using Bench.Machine;

namespace Bench.Tools;

/// <summary>Loads a server with wrk.</summary>
/// <param name="threads">wrk's threads, where a load does not say.</param>
internal sealed class Wrk(int threads)
{
    // What bench.lua takes for pauses between the requests of a connection.
    private const string PacedWord = "paced";

    private static readonly string s_script = Path.Combine(AppContext.BaseDirectory, "wrk", "bench.lua");

    private readonly Tool _tool = new("wrk");

    /// <summary>Loads for a time.</summary>
    /// <returns>The figures, and what wrk used.</returns>
    /// <exception cref="ToolException">wrk is missing or failed.</exception>
    public Task<(WrkReport Report, ClientCpu Client)> RunAsync(
        WrkLoad load, TimeSpan duration, CancellationToken cancellation) =>
        RunAsync(load, duration, load.Script, cancellation);

    /// <summary>Loads until the server is warm.</summary>
    /// <exception cref="ToolException">wrk is missing or failed.</exception>
    public Task WarmUpAsync(WrkLoad load, TimeSpan duration, CancellationToken cancellation) => WarmUp.RunAsync(
        duration,
        time => RunAsync(load, time, [PacedWord, .. load.Script], cancellation),
        time => RunAsync(load, time, cancellation));

    private async Task<(WrkReport Report, ClientCpu Client)> RunAsync(
        WrkLoad load, TimeSpan duration, IEnumerable<string> script, CancellationToken cancellation)
    {
        var used = Math.Min(load.Threads ?? threads, load.Connections);
        string[] arguments = [.. ArgumentsFor(load, duration, used), "--", .. script];
        var output = load.IsBesideServer
            ? await Affinity.RunBesideServerAsync(_tool, arguments, cancellation)
            : await _tool.RunAsync(arguments, cancellation);
        return (WrkReport.Parse(output.Text), new ClientCpu(output.CpuShare, used));
    }

    private static IEnumerable<string> ArgumentsFor(WrkLoad load, TimeSpan duration, int threads) =>
    [
        $"-t{threads}", $"-c{load.Connections}", $"-d{(int)Math.Ceiling(duration.TotalSeconds)}s",

        // A slow answer is a figure here, not an error.
        "--timeout=60s",
        .. load.Headers.SelectMany(header => new[] { "-H", header }),
        "-s", s_script, load.Address.AbsoluteUri,
    ];
}
