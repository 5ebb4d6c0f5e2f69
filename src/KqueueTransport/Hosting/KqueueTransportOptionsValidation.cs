using System.Text;
using Kqueue;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>Checks the options when the host starts. Every message says what to write instead.</summary>
internal sealed class KqueueTransportOptionsValidation : IValidateOptions<KqueueTransportOptions>
{
    public ValidateOptionsResult Validate(string? name, KqueueTransportOptions options)
    {
        var failures = new OptionFailures();
        failures.CheckRange(
            nameof(options.LoopCount),
            options.LoopCount,
            KqueueTransportOptions.LoopCountMax,
            "the default is the number of processors");
        failures.CheckRange(
            nameof(options.StandbyThreadsMax),
            options.StandbyThreadsMax,
            KqueueTransportOptions.StandbyThreadsLimit,
            "the default is 256, and 0 never takes a loop over",
            min: 0);
        EndPointOptionsCheck.Check(failures, options);
        CheckLingering(failures, options);
        CheckTimeout(
            failures,
            nameof(options.DrainTimeout),
            options.DrainTimeout,
            KqueueTransportOptions.DrainTimeoutMax,
            "no limit");
        CheckTimeout(
            failures,
            nameof(options.ConnectTimeout),
            options.ConnectTimeout,
            KqueueTransportOptions.ConnectTimeoutMax,
            "the system's own");
        CheckHandOverPath(failures, options.HandOverPath);
        CheckKernelQueue(failures, options.KernelQueue);
        CheckBackend(failures, options);
        return failures.Messages.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(failures.Messages);
    }

    private static void CheckLingering(OptionFailures failures, KqueueTransportOptions options)
    {
        if (options.LingerTimeout < TimeSpan.Zero || options.LingerTimeout > KqueueTransportOptions.LingerTimeoutMax)
        {
            failures.Add(
                nameof(options.LingerTimeout),
                options.LingerTimeout,
                "Write a time from 00:00:00, which closes at once, to 01:00:00; the default is 5 seconds.");
        }

        failures.CheckSize(nameof(options.MaxLingerSize), options.MaxLingerSize);
        failures.CheckRange(
            nameof(options.LingerConnectionsMax),
            options.LingerConnectionsMax,
            KqueueTransportOptions.LingerConnectionsLimit,
            "the default is 1024, and 0 closes every connection at once",
            min: 0);
    }

    private static void CheckTimeout(OptionFailures failures, string name, TimeSpan timeout, TimeSpan max, string none)
    {
        if (timeout != Timeout.InfiniteTimeSpan && (timeout <= TimeSpan.Zero || timeout > max))
        {
            failures.Add(
                name,
                timeout,
                $"Write a time above 00:00:00, to 01:00:00, or -00:00:00.001 for {none}; the default is 30 seconds.");
        }
    }

    // The limit is that of macOS and the BSDs (sys/un.h), the lowest.
    private static void CheckHandOverPath(OptionFailures failures, string? path)
    {
        if (path is not null && (path.Length == 0 || path[0] == '\0' || Encoding.UTF8.GetByteCount(path) > 103))
        {
            failures.Add(
                nameof(KqueueTransportOptions.HandOverPath),
                $"'{path}'",
                "Write the path of a Unix socket, of 103 bytes at most, or leave it out.");
        }
    }

    private static void CheckKernelQueue(OptionFailures failures, KernelQueueOptions options)
    {
        const string Prefix = nameof(KqueueTransportOptions.KernelQueue) + ".";
        var layouts = KernelQueueOptions.Layouts;
        if (options.Layout is { } layout && !layouts.Contains(layout))
        {
            var instead = $"Write {OptionFailures.Choices(layouts)}, or leave it out.";
            failures.Add(Prefix + nameof(options.Layout), $"'{layout}'", instead);
        }

        if (options.Library is null && (options.Layout is not null || options.SymbolPrefix.Length > 0))
        {
            failures.Add(
                $"{Prefix}{nameof(options.Layout)} and {Prefix}{nameof(options.SymbolPrefix)} describe a library. " +
                $"Name it as {Prefix}{nameof(options.Library)}, or leave them out.");
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
