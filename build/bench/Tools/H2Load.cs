using System.Globalization;

namespace Bench.Tools;

/// <summary>Loads a server with h2load, which speaks HTTP/2 and keeps a pace.</summary>
/// <param name="threads">h2load's threads.</param>
internal sealed class H2Load(int threads)
{
    private readonly Tool _tool = new("h2load");

    /// <summary>Loads for a time, in whole seconds.</summary>
    /// <returns>The figures, and the share of a core that each of h2load's threads used.</returns>
    /// <exception cref="ToolException">h2load is missing or failed.</exception>
    public Task<(H2LoadReport Report, double CpuShare)> RunAsync(
        StreamLoad load, TimeSpan duration, CancellationToken cancellation) =>
        RunAsync(load, duration, [], cancellation);

    /// <summary>Loads for a time and has percentiles, too: from h2load's log, which slows it down.</summary>
    /// <exception cref="ToolException">h2load is missing or failed.</exception>
    public async Task<(H2LoadReport Report, TimeSpan[] Percentiles, double CpuShare)> RunLoggedAsync(
        StreamLoad load, TimeSpan duration, double[] percents, CancellationToken cancellation)
    {
        var log = Path.GetTempFileName();
        try
        {
            var (report, cpuShare) = await RunAsync(load, duration, [$"--log-file={log}"], cancellation);
            return (report, H2LoadReport.ParseLog(File.ReadLines(log), percents), cpuShare);
        }
        finally
        {
            File.Delete(log);
        }
    }

    private async Task<(H2LoadReport Report, double CpuShare)> RunAsync(
        StreamLoad load, TimeSpan duration, string[] logging, CancellationToken cancellation)
    {
        var output = await _tool.RunAsync([.. ArgumentsFor(load, duration), .. logging], cancellation);
        return (H2LoadReport.Parse(output.Text), output.CpuShare / threads);
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
