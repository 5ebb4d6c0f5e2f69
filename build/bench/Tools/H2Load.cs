using System.Globalization;

namespace Bench.Tools;

/// <summary>Loads a server with h2load, which speaks HTTP/2 and keeps a pace.</summary>
/// <param name="threads">h2load's threads.</param>
internal sealed class H2Load(int threads)
{
    // Requests per second over all connections, which leave the server's compiler processor time.
    private const double PacedRate = 10_000;

    private readonly Tool _tool = new("h2load");

    /// <summary>Loads for a time, in whole seconds.</summary>
    /// <returns>The figures, and what h2load used.</returns>
    /// <exception cref="ToolException">h2load is missing or failed.</exception>
    public Task<(H2LoadReport Report, ClientCpu Client)> RunAsync(
        StreamLoad load, TimeSpan duration, CancellationToken cancellation) =>
        RunAsync(load, duration, [], cancellation);

    /// <summary>Loads until the server is warm.</summary>
    /// <exception cref="ToolException">h2load is missing or failed.</exception>
    public Task WarmUpAsync(StreamLoad load, TimeSpan duration, CancellationToken cancellation) => WarmUp.RunAsync(
        duration,
        time => RunAsync(load with { RatePerConnection = PacedRate / load.Connections }, time, cancellation),
        time => RunAsync(load, time, cancellation));

    /// <summary>Loads for a time and has percentiles, too: from h2load's log, which slows it down.</summary>
    /// <exception cref="ToolException">h2load is missing or failed.</exception>
    public async Task<(H2LoadReport Report, TimeSpan[] Percentiles, ClientCpu Client)> RunLoggedAsync(
        StreamLoad load, TimeSpan duration, double[] percents, CancellationToken cancellation)
    {
        var log = Path.GetTempFileName();
        try
        {
            var (report, client) = await RunAsync(load, duration, [$"--log-file={log}"], cancellation);
            return (report, H2LoadReport.ParseLog(File.ReadLines(log), percents), client);
        }
        finally
        {
            File.Delete(log);
        }
    }

    private async Task<(H2LoadReport Report, ClientCpu Client)> RunAsync(
        StreamLoad load, TimeSpan duration, string[] logging, CancellationToken cancellation)
    {
        var output = await _tool.RunAsync([.. ArgumentsFor(load, duration), .. logging], cancellation);
        return (H2LoadReport.Parse(output.Text), new ClientCpu(output.CpuShare, threads));
    }

    private IEnumerable<string> ArgumentsFor(StreamLoad load, TimeSpan duration)
    {
        string[] protocol = load.IsHttp1 ? ["--h1"] : [];
        string[] pace = load.RatePerConnection is { } rate
            ? [string.Create(CultureInfo.InvariantCulture, $"--rps={rate:F0}")]
            : [];
        return
        [
            $"-t{threads}", $"-c{load.Connections}", $"-m{load.Streams}",
            $"-D{(int)Math.Ceiling(duration.TotalSeconds)}", .. protocol, .. pace, load.Address.AbsoluteUri,
        ];
    }
}
