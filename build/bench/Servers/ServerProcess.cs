using System.Diagnostics;
using System.Runtime.InteropServices;
using Bench.Machine;
using Bench.Tools;

namespace Bench.Servers;

/// <summary>A server in a process of its own. It is asked to stop at the end, and killed when it does not.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private const int SigTerm = 15;

    private static readonly TimeSpan s_startTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_stopTime = TimeSpan.FromSeconds(5);

    private readonly Process _process;

    private ServerProcess(Process process, ServerEndPoints endPoints)
    {
        _process = process;
        EndPoints = endPoints;

        // A command that is told to end may not come to its disposal.
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    public ServerEndPoints EndPoints { get; }

    /// <summary>User and system time that the process has used.</summary>
    public TimeSpan Cpu => ProcessTimes.CpuOf(_process.Id) ?? throw new ToolException("The server has ended.");

    /// <summary>Memory that the process has resident, in bytes.</summary>
    public long ResidentBytes => ProcessMemory.ResidentBytesOf(_process.Id);

    /// <summary>Starts a server and waits for the line that says where it listens.</summary>
    /// <exception cref="ToolException">It ended, or said nothing for half a minute.</exception>
    public static async Task<ServerProcess> StartAsync(
        ProcessStartInfo start, ServerSetting setting, CancellationToken cancellation)
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
            var line = await process.StandardOutput.ReadLineAsync(deadline.Token)
                ?? throw new ToolException($"{start.FileName} ended at its start.");
            return new ServerProcess(process, ServerEndPoints.Parse(line));
        }
        catch (Exception e)
        {
            process.Kill();
            process.Dispose();
            throw e is OperationCanceledException && !cancellation.IsCancellationRequested
                ? new ToolException($"{start.FileName} was not ready after {s_startTime.TotalSeconds} s.")
                : e;
        }
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        _ = Kill(_process.Id, SigTerm);
        using var deadline = new CancellationTokenSource(s_stopTime);
        await _process.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private void OnProcessExit(object? sender, EventArgs args) => _process.Kill();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
