using System.Diagnostics;

namespace KqueueTransport.IntegrationTests.Processes;

/// <summary>How much processor time another process takes.</summary>
internal static class ProcessorTime
{
    /// <summary>What it takes while so much time passes.</summary>
    public static async Task<TimeSpan> OfAsync(int processId, TimeSpan duration, CancellationToken deadline)
    {
        using var process = Process.GetProcessById(processId);
        var before = process.TotalProcessorTime;
        await Task.Delay(duration, deadline);
        process.Refresh();
        return process.TotalProcessorTime - before;
    }
}
