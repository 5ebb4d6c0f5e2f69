using System.Globalization;
using System.Text.RegularExpressions;
using Bench.Tools;

namespace Bench.Loads;

/// <summary>HTTP/2, by h2load.</summary>
/// <param name="Connections">How many connections.</param>
/// <param name="Streams">How many requests are under way on each.</param>
/// <param name="Address">What is asked for.</param>
internal sealed partial record Http2Load(int Connections, int Streams, Uri Address) : Load
{
    // Requests per second over all connections.
    private const double PacedRate = 8_000;

    private static readonly string[] s_errors = ["failed", "errored", "timeout"];

    /// <summary>A file of the folder "client" that is sent as a gRPC message; null for a plain GET.</summary>
    public string? Message { get; init; }

    private bool IsPaced { get; init; }

    public override async Task<LoadReport> RunAsync(
        LoadTools tools, TimeSpan duration, CancellationToken cancellation)
    {
        var threads = Math.Min(tools.Threads, Connections);
        string[] pace = IsPaced
            ? [string.Create(CultureInfo.InvariantCulture, $"--rps={Math.Ceiling(PacedRate / Connections):F0}")]
            : [];
        string[] message = Message is null
            ? []
            : ["-d", tools.PathOf(Message), "-H", "content-type: application/grpc", "-H", "te: trailers"];
        var output = await tools.H2Load.RunAsync(
            [
                $"-t{threads}", $"-c{Connections}", $"-m{Streams}", $"-D{Math.Ceiling(duration.TotalSeconds)}",
                .. pace, .. message, Address.AbsoluteUri,
            ],
            cancellation);
        return Parse(output.Text) with { Client = new ClientCpu(output.CpuShare, threads) };
    }

    public override Load Paced() => this with { IsPaced = true };

    /// <summary>Reads what h2load printed.</summary>
    /// <exception cref="ToolException">It is not a report.</exception>
    public static LoadReport Parse(string output)
    {
        var rate = Finished().Match(output);
        var counts = Counts().Match(output);
        if (!rate.Success || !counts.Success)
        {
            throw new ToolException($"h2load printed no figures: {output.Trim()}");
        }

        return new LoadReport(
            Number("done"),
            double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture),
            [.. s_errors.Where(error => Number(error) > 0).Select(error => $"{Number(error)} requests {error}")]);

        long Number(string name) => long.Parse(counts.Groups[name].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"finished in [^,]+, ([\d.]+) req/s")]
    private static partial Regex Finished();

    [GeneratedRegex(@"requests: .* (?<done>\d+) done, .* (?<failed>\d+) failed, (?<errored>\d+) errored, " +
        @"(?<timeout>\d+) timeout")]
    private static partial Regex Counts();
}
