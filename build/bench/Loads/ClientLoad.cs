using System.Diagnostics;
using Bench.Tools;

namespace Bench.Loads;

/// <summary>Messages that come back, by .NET's own clients in this process: what no load tool speaks.</summary>
/// <param name="Connections">How many connections, each with one message under way at a time.</param>
internal abstract record ClientLoad(int Connections) : Load
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private TimeSpan Pause { get; init; }

    public override async Task<LoadReport> RunAsync(
        LoadTools tools, TimeSpan duration, CancellationToken cancellation)
    {
        try
        {
            return await RunAsync(duration, cancellation);
        }
        catch (Exception e) when (e is not (OperationCanceledException or ToolException))
        {
            throw new ToolException($"{GetType().Name}: {e.Message}");
        }
    }

    public override Load Paced() => this with { Pause = s_pause };

    /// <summary>Makes a connection.</summary>
    /// <param name="number">Its number among all.</param>
    /// <param name="cancellation">Gives up.</param>
    protected abstract Task<IEchoClient> ConnectAsync(int number, CancellationToken cancellation);

    private async Task<LoadReport> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, Connections).Select(
            number => ConnectAsync(number, cancellation)));
        try
        {
            var started = Stopwatch.GetTimestamp();
            var cpu = Environment.CpuUsage.TotalTime;
            var counts = await Task.WhenAll(clients.Select(client => Task.Run(
                () => EchoAsync(client, started, duration, cancellation), cancellation)));
            var elapsed = Stopwatch.GetElapsedTime(started);
            return new LoadReport(counts.Sum(), counts.Sum() / elapsed.TotalSeconds, [])
            {
                Client = new ClientCpu((Environment.CpuUsage.TotalTime - cpu) / elapsed, Environment.ProcessorCount),
            };
        }
        finally
        {
            await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
        }
    }

    private async Task<long> EchoAsync(
        IEchoClient client, long started, TimeSpan duration, CancellationToken cancellation)
    {
        var count = 0L;
        for (; Stopwatch.GetElapsedTime(started) < duration; count++)
        {
            if (Pause > TimeSpan.Zero)
            {
                await Task.Delay(Pause, cancellation);
            }

            await client.EchoAsync(cancellation);
        }

        return count;
    }
}
