namespace Bench.Tools;

/// <summary>Loads a server with h2load, which speaks HTTP/2.</summary>
/// <param name="threads">h2load's threads.</param>
internal sealed class H2Load(int threads)
{
    private readonly Tool _tool = new("h2load");

    /// <summary>Loads for a time.</summary>
    /// <param name="address">What is asked for, with HTTP/2 from the first byte.</param>
    /// <param name="connections">How many connections.</param>
    /// <param name="streams">How many requests are under way on each.</param>
    /// <param name="duration">How long, in whole seconds.</param>
    /// <param name="log">A file for the times of all requests, which slow the tool down; null for none.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The figures, and the share of a core that each of h2load's threads used.</returns>
    /// <exception cref="ToolException">h2load is missing or failed.</exception>
    public async Task<(H2LoadReport Report, double CpuShare)> RunAsync(
        Uri address, int connections, int streams, TimeSpan duration, string? log, CancellationToken cancellation)
    {
        var seconds = (int)Math.Ceiling(duration.TotalSeconds);
        string[] logging = log is null ? [] : [$"--log-file={log}"];
        var output = await _tool.RunAsync(
            [$"-t{threads}", $"-c{connections}", $"-m{streams}", $"-D{seconds}", .. logging, address.AbsoluteUri],
            cancellation);
        return (H2LoadReport.Parse(output.Text), output.CpuShare / threads);
    }
}
