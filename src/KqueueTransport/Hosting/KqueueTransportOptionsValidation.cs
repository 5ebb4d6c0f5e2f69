using System.Globalization;
using Kqueue;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>Checks the options when the host starts. Every message says what to write instead.</summary>
internal sealed class KqueueTransportOptionsValidation : IValidateOptions<KqueueTransportOptions>
{
    // The length is a 16-bit number in some kernels; no kernel's own limit comes near.
    private const int BacklogMax = ushort.MaxValue;

    private static readonly string[] s_layouts = ["darwin", "freebsd", "netbsd", "libkqueue"];

    public ValidateOptionsResult Validate(string? name, KqueueTransportOptions options)
    {
        var failures = new ValidateOptionsResultBuilder();
        CheckRange(
            failures,
            nameof(options.LoopCount),
            options.LoopCount,
            KqueueTransportOptions.LoopCountMax,
            "the default is the number of processors");
        CheckRange(
            failures,
            nameof(options.StandbyThreadsMax),
            options.StandbyThreadsMax,
            KqueueTransportOptions.StandbyThreadsLimit,
            "the default is 32, and 0 never takes a loop over",
            min: 0);
        CheckRange(failures, nameof(options.Backlog), options.Backlog, BacklogMax, "the default is 512");
        CheckSize(failures, nameof(options.MaxReadBufferSize), options.MaxReadBufferSize);
        CheckSize(failures, nameof(options.MaxWriteBufferSize), options.MaxWriteBufferSize);
        CheckLingering(failures, options);
        if (!Enum.IsDefined(options.Scheduling))
        {
            var choices = Choices(Enum.GetNames<Scheduling>());
            Add(failures, nameof(options.Scheduling), options.Scheduling, $"Write {choices}.");
        }

        CheckKernelQueue(failures, options.KernelQueue);
        CheckBackend(failures, options);
        return failures.Build();
    }

    private static void CheckLingering(ValidateOptionsResultBuilder failures, KqueueTransportOptions options)
    {
        if (options.LingerTimeout < TimeSpan.Zero || options.LingerTimeout > KqueueTransportOptions.LingerTimeoutMax)
        {
            Add(failures, nameof(options.LingerTimeout), options.LingerTimeout,
                "Write a time from 00:00:00, which closes at once, to 01:00:00; the default is 5 seconds.");
        }

        CheckSize(failures, nameof(options.MaxLingerSize), options.MaxLingerSize);
        CheckRange(
            failures,
            nameof(options.LingerConnectionsMax),
            options.LingerConnectionsMax,
            KqueueTransportOptions.LingerConnectionsLimit,
            "the default is 1024, and 0 closes every connection at once",
            min: 0);
    }

    private static void CheckKernelQueue(ValidateOptionsResultBuilder failures, KernelQueueOptions options)
    {
        const string Prefix = nameof(KqueueTransportOptions.KernelQueue) + ".";
        if (options.Layout is { } layout && !s_layouts.Contains(layout))
        {
            var instead = $"Write {Choices(s_layouts)}, or leave it out.";
            Add(failures, Prefix + nameof(options.Layout), $"'{layout}'", instead);
        }

        if (options.Library is null && (options.Layout is not null || options.SymbolPrefix.Length > 0))
        {
            failures.AddError(
                $"{Prefix}{nameof(options.Layout)} and {Prefix}{nameof(options.SymbolPrefix)} describe a library. " +
                $"Name it as {Prefix}{nameof(options.Library)}, or leave them out.");
        }
    }

    private static void CheckBackend(ValidateOptionsResultBuilder failures, KqueueTransportOptions options)
    {
        if (options.RequireBackend && !options.Backend.IsPresent)
        {
            failures.AddError(
                $"{nameof(options.RequireBackend)} is true, but the kqueue transport cannot run here. Write false to " +
                $"let Kestrel's Sockets transport serve instead. The reason: {options.Backend.MissingBecause}");
        }
    }

    private static void CheckRange(
        ValidateOptionsResultBuilder failures, string option, int value, int max, string orElse, int min = 1)
    {
        if (value < min || value > max)
        {
            Add(failures, option, value, string.Create(
                CultureInfo.InvariantCulture, $"Write a number from {min} to {max}; {orElse}."));
        }
    }

    private static void CheckSize(ValidateOptionsResultBuilder failures, string option, long? value)
    {
        if (value < 0)
        {
            Add(failures, option, value, "Write a number of bytes, or 0 for no limit.");
        }
    }

    private static void Add(ValidateOptionsResultBuilder failures, string option, object? value, string instead) =>
        failures.AddError(string.Create(CultureInfo.InvariantCulture, $"{option} is {value}. {instead}"));

    private static string Choices(string[] names) => $"{string.Join(", ", names[..^1])} or {names[^1]}";
}
