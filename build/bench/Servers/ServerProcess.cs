using System.Diagnostics;
using System.Globalization;
using Bench.Machine;
using Bench.Tools;

namespace Bench.Servers;

/// <summary>A server in a process of its own. It is asked to stop at the end, and killed when it does not.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_stopTime = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly HttpClient _http = new();

    private ServerProcess(Process process, ServerEndPoints endPoints)
    {
        _process = process;
        EndPoints = endPoints;

        // A command that is told to end may not come to its disposal.
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    public int Id => _process.Id;

    public ServerEndPoints EndPoints { get; }

    /// <summary>Whether it says what its runtime has counted.</summary>
    public required bool HasCounters { get; init; }

    /// <summary>What it serves from, and what ends with it; null for nothing.</summary>
    public ServerProcess? Backend { get; init; }

    /// <summary>Memory that the process has resident, in bytes.</summary>
    public long ResidentBytes => ProcessFacts.ResidentBytesOf(Id);

    /// <summary>Starts a server and waits for the line that says where it listens.</summary>
    /// <exception cref="ToolException">It ended, or said nothing for a minute.</exception>
    public static async Task<ServerProcess> StartAsync(
        ProcessStartInfo start,
        ServerSetting setting,
        CancellationToken cancellation,
        bool hasCounters = false,
        ServerProcess? backend = null)
    {
        if (setting.IsOnOneProcessor)
        {
            Affinity.UseServerProcessor(start);
        }

        start.RedirectStandardOutput = true;
        var process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(s_startTime);
        try
        {
            string line;
            do
            {
                // Before its start line the log may say that a heartbeat of Kestrel was late.
                line = await process.StandardOutput.ReadLineAsync(deadline.Token)
                    ?? throw new ToolException($"{start.FileName} ended at its start.");
            }
            while (line.StartsWith("warn: ", StringComparison.Ordinal) || line.StartsWith(' '));

            return new ServerProcess(process, ServerEndPoints.Parse(line))
            {
                HasCounters = hasCounters,
                Backend = backend,
            };
        }
        catch (Exception e)
        {
            process.Kill();
            process.Dispose();
            if (backend is not null)
            {
                await backend.DisposeAsync();
            }

            throw e is OperationCanceledException && !cancellation.IsCancellationRequested
                ? new ToolException($"{start.FileName} was not ready after {s_startTime.TotalSeconds} s.")
                : e;
        }
    }

    /// <summary>Looks at what it has used so far.</summary>
    /// <exception cref="ToolException">It has ended.</exception>
    public async Task<ServerCounters> ReadCountersAsync(CancellationToken cancellation)
    {
        try
        {
            var runtime = HasCounters
                ? await _http.GetStringAsync(new Uri(EndPoints.Http, "counters"), cancellation)
                : "0 0";
            long[] counts = [.. runtime.Split(' ').Select(word => long.Parse(word, CultureInfo.InvariantCulture))];
            var (busy, all) = ProcessFacts.Processors();
            return new ServerCounters(
                ProcessFacts.CpuOf(Id), ProcessFacts.SwitchesOf(Id), counts[0], counts[1], busy, all);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new ToolException($"The server does not answer: {e.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        _http.Dispose();
        Signals.Send(Id, Signals.Terminate);
        using var deadline = new CancellationTokenSource(s_stopTime);
        await _process.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        if (Backend is not null)
        {
            await Backend.DisposeAsync();
        }
    }

    private void OnProcessExit(object? sender, EventArgs args) => _process.Kill();
}
