namespace Bench.Tools;

/// <summary>Loads a server with wrk.</summary>
/// <param name="threads">wrk's threads. Half of the machine, so that the server has the other half.</param>
internal sealed class Wrk(int threads)
{
    private static readonly string s_script = Path.Combine(AppContext.BaseDirectory, "wrk", "bench.lua");

    private readonly Tool _tool = new("wrk");

    /// <summary>Loads for a time.</summary>
    /// <returns>The figures, and the share of a core that each of wrk's threads used.</returns>
    /// <exception cref="ToolException">wrk is missing or failed.</exception>
    public async Task<(WrkReport Report, double CpuShare)> RunAsync(
        WrkLoad load, TimeSpan duration, CancellationToken cancellation)
    {
        var used = Math.Min(threads, load.Connections);
        var output = await _tool.RunAsync(ArgumentsFor(load, duration, used), cancellation);
        return (WrkReport.Parse(output.Text), output.CpuShare / used);
    }

    private static IEnumerable<string> ArgumentsFor(WrkLoad load, TimeSpan duration, int threads) =>
    [
        $"-t{threads}", $"-c{load.Connections}", $"-d{(int)Math.Ceiling(duration.TotalSeconds)}s",

        // A slow answer is a figure here, not an error.
        "--timeout=60s",
        .. load.Headers.SelectMany(header => new[] { "-H", header }),
        "-s", s_script, load.Address.AbsoluteUri, "--", .. load.Script,
    ];
}
