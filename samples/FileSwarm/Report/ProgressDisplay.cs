using FileSwarm.Client;
using Spectre.Console;

namespace FileSwarm.Report;

/// <summary>A progress bar while clients fetch their copies. Where the output is no terminal it stays silent.</summary>
internal static class ProgressDisplay
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until the clients have ended.</summary>
    /// <exception cref="OperationCanceledException">The user has lost patience.</exception>
    public static async Task WaitAsync(ClientGroup clients, CancellationToken stop)
    {
        if (!AnsiConsole.Profile.Out.IsTerminal)
        {
            await clients.Completion.WaitAsync(stop);
            return;
        }

        await AnsiConsole.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(context => UpdateAsync(context, clients, stop));
    }

    private static async Task UpdateAsync(ProgressContext context, ClientGroup clients, CancellationToken stop)
    {
        var bar = context.AddTask($"{clients.Options.Count} copies");
        while (!clients.Completion.IsCompleted)
        {
            await Task.WhenAny(clients.Completion, Task.Delay(s_period, stop));
            stop.ThrowIfCancellationRequested();
            Update(bar, clients);
        }

        await clients.Completion;
    }

    private static void Update(ProgressTask bar, ClientGroup clients)
    {
        if (clients.TotalBytes > 0)
        {
            bar.MaxValue = clients.TotalBytes;
            bar.Value = clients.StoredBytes;
        }
    }
}
