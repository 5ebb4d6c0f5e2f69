using System.Globalization;
using System.Text.RegularExpressions;
using Bench.Machine;
using Bench.Tools;

namespace Bench.Loads;

/// <summary>HTTP/1.1, or what bench.lua makes of it, by wrk.</summary>
/// <param name="Connections">How many connections, each with one request under way at a time.</param>
/// <param name="Address">What is asked for.</param>
internal sealed partial record WrkLoad(int Connections, Uri Address) : Load
{
    // wrk opens its connections within the time that it measures. Thousands at once overflow the backlog, and the peer
    // of a lost SYN tries again after a second.
    private const int ConnectionsPerExtraSecond = 2_000;

    // Requests per second over all connections.
    private const double PacedRate = 8_000;

    private static readonly string[] s_errors = ["connect", "read", "write", "timeout", "status"];

    /// <summary>How many threads make it; null for the usual number.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether wrk keeps off the first processor, where the server is.</summary>
    public bool IsBesideServer { get; init; }

    /// <summary>How long a connection rests before each request, on average.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>The words for bench.lua that say what is sent; none sends a plain GET.</summary>
    public IReadOnlyList<string> Script { get; init; } = [];

    public override async Task<LoadReport> RunAsync(
        LoadTools tools, TimeSpan duration, CancellationToken cancellation)
    {
        var threads = Math.Min(Threads ?? tools.Threads, Connections);
        string[] arguments = [.. ArgumentsFor(tools, duration, threads)];
        var output = IsBesideServer && tools.Host is null
            ? await Affinity.RunBesideServerAsync(tools.Wrk, arguments, cancellation)
            : await tools.Wrk.RunAsync(arguments, cancellation);
        return Parse(output.Text) with { Client = new ClientCpu(output.CpuShare, threads) };
    }

    public override Load Paced() => Pause > TimeSpan.Zero
        ? this
        : this with { Pause = TimeSpan.FromSeconds(Math.Max(Connections / PacedRate, 0.001)) };

    /// <summary>Finds the line of the figures in what wrk printed.</summary>
    /// <exception cref="ToolException">There is no such line.</exception>
    public static LoadReport Parse(string output)
    {
        var line = output.Split('\n').LastOrDefault(line => line.StartsWith("figures:", StringComparison.Ordinal))
            ?? throw new ToolException($"wrk printed no figures: {output.Trim()}");
        var figures = Figure().Matches(line).ToDictionary(
            match => match.Groups[1].Value, match => long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        return new LoadReport(
            figures["requests"],
            figures["requests"] / TimeOf("duration").TotalSeconds,
            [.. s_errors.Where(error => figures[error] > 0).Select(error => $"{figures[error]} {error} errors")])
        {
            Latencies = (TimeOf("p50"), TimeOf("p99"), TimeOf("p999")),
        };

        TimeSpan TimeOf(string name) => TimeSpan.FromMicroseconds(figures[name]);
    }

    private IEnumerable<string> ArgumentsFor(LoadTools tools, TimeSpan duration, int threads)
    {
        var seconds = Math.Ceiling(duration.TotalSeconds) + (Connections / ConnectionsPerExtraSecond);
        string[] pace = Pause > TimeSpan.Zero
            ? ["paced", Pause.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture)]
            : [];
        return
        [
            $"-t{threads}", $"-c{Connections}", $"-d{seconds}s",

            // A slow answer is a figure here, not an error.
            "--timeout=60s", "-s", tools.PathOf("bench.lua"), Address.AbsoluteUri,
            "--", .. pace, .. Script,
        ];
    }

    [GeneratedRegex(@"(\w+)=(\d+)")]
    private static partial Regex Figure();
}
