using System.Text;
using Kqueue;
using Microsoft.Extensions.Options;

namespace KqueueTransport.OptionChecks;

/// <summary>Checks the options when the host starts. Every message says what to write instead.</summary>
internal sealed class KqueueTransportOptionsValidation : IValidateOptions<KqueueTransportOptions>
{
    private const int StandbyThreadsLimit = 4096;
    private const int LingerConnectionsLimit = 1_000_000;

    private static readonly TimeSpan s_timeoutMax = TimeSpan.FromHours(1);

    public ValidateOptionsResult Validate(string? name, KqueueTransportOptions options)
    {
        var failures = new OptionFailures();
        failures.CheckRange(
            options.LoopCount, 1, KqueueTransportOptions.LoopCountMax, "the default is the number of processors");
        failures.CheckRange(
            options.StandbyThreadsMax, 0, StandbyThreadsLimit, "the default is 256, and 0 never takes a loop over");
        EndPointOptionsCheck.Check(failures, options);
        if (options.LingerTimeout < TimeSpan.Zero || options.LingerTimeout > s_timeoutMax)
        {
            failures.Add(
                options.LingerTimeout,
                "Write a time from 00:00:00, which closes at once, to 01:00:00; the default is 5 seconds.");
        }

        failures.CheckSize(options.MaxLingerSize);
        failures.CheckRange(
            options.LingerConnectionsMax,
            0,
            LingerConnectionsLimit,
            "the default is 1024, and 0 closes every connection at once");
        failures.CheckTimeout(options.DrainTimeout, s_timeoutMax, "no limit");
        failures.CheckTimeout(options.ConnectTimeout, s_timeoutMax, "the system's own");
        CheckHandOverPath(failures, options);
        CheckKernelQueue(failures, options);
        CheckBackend(failures, options);
        return failures.Messages.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(failures.Messages);
    }

    // The limit is that of macOS and the BSDs (sys/un.h), the lowest.
    private static void CheckHandOverPath(OptionFailures failures, KqueueTransportOptions options)
    {
        if (options.HandOverPath is { } path &&
            (path.Length == 0 || path[0] == '\0' || Encoding.UTF8.GetByteCount(path) > 103))
        {
            failures.Add(
                options.HandOverPath, "Write the path of a Unix socket, of 103 bytes at most, or leave it out.");
        }
    }

    private static void CheckKernelQueue(OptionFailures failures, KqueueTransportOptions options)
    {
        const string Prefix = nameof(KqueueTransportOptions.KernelQueue) + ".";
        var (queue, layouts) = (options.KernelQueue, KernelQueueOptions.Layouts);
        if (queue.Layout is { } layout && !layouts.Contains(layout))
        {
            failures.Add(
                options.KernelQueue.Layout, $"Write {OptionFailures.Choices(layouts)}, or leave it out.");
        }

        if (queue.Library is null && (queue.Layout is not null || queue.SymbolPrefix.Length > 0))
        {
            failures.Add(
                $"{Prefix}{nameof(queue.Layout)} and {Prefix}{nameof(queue.SymbolPrefix)} describe a library. " +
                $"Name it as {Prefix}{nameof(queue.Library)}, or leave them out.");
        }
    }

    private static void CheckBackend(OptionFailures failures, KqueueTransportOptions options)
    {
        if (options.RequireBackend && !options.Backend.IsPresent)
        {
            failures.Add(
                $"{nameof(options.RequireBackend)} is true, but the kqueue transport cannot run here. Write false to " +
                $"let Kestrel's Sockets transport serve instead. The reason: {options.Backend.MissingBecause}");
        }
    }
}
