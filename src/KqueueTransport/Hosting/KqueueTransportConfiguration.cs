using Kqueue;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Options = KqueueTransport.KqueueTransportOptions;

namespace KqueueTransport.Hosting;

/// <summary>
/// Takes the options from configuration: one entry per option, without reflection, so that a misspelt key or value is
/// an error that says what to write, and that trimming has nothing to keep.
/// </summary>
internal sealed class KqueueTransportConfiguration(IConfiguration configuration)
    : IConfigureOptions<KqueueTransportOptions>
{
    private static readonly Dictionary<string, Action<Options, ConfigurationText>> s_options =
        new(StringComparer.OrdinalIgnoreCase)
        {
            [nameof(Options.LoopCount)] = (o, text) => o.LoopCount = text.ToInt32(),
            [nameof(Options.LoopProcessors)] = (o, text) => o.LoopProcessors = text.ToNumbers(),
            [nameof(Options.Scheduling)] = (o, text) => o.Scheduling = text.ToEnum<Scheduling>(),
            [nameof(Options.StandbyThreadsMax)] = (o, text) => o.StandbyThreadsMax = text.ToInt32(),
            [nameof(Options.Backlog)] = (o, text) => o.Backlog = text.ToInt32(),
            [nameof(Options.AcceptsPerWake)] = (o, text) => o.AcceptsPerWake = text.ToInt32(),
            [nameof(Options.ConnectionsMax)] = (o, text) => o.ConnectionsMax = text.ToOptionalInt32(),
            [nameof(Options.AcceptsPerSecond)] = (o, text) => o.AcceptsPerSecond = text.ToOptionalInt32(),
            [nameof(Options.ConnectionsPerAddressMax)] =
                (o, text) => o.ConnectionsPerAddressMax = text.ToOptionalInt32(),
            [nameof(Options.AddressPrefixIPv4)] = (o, text) => o.AddressPrefixIPv4 = text.ToInt32(),
            [nameof(Options.AddressPrefixIPv6)] = (o, text) => o.AddressPrefixIPv6 = text.ToInt32(),
            [nameof(Options.OverLimit)] = (o, text) => o.OverLimit = text.ToEnum<OverLimit>(),
            [nameof(Options.NoDelay)] = (o, text) => o.NoDelay = text.ToBoolean(),
            [nameof(Options.MaxReadBufferSize)] = (o, text) => o.MaxReadBufferSize = text.ToSize(),
            [nameof(Options.MaxWriteBufferSize)] = (o, text) => o.MaxWriteBufferSize = text.ToSize(),
            [nameof(Options.LingerTimeout)] = (o, text) => o.LingerTimeout = text.ToTimeSpan(),
            [nameof(Options.DrainTimeout)] = (o, text) => o.DrainTimeout = text.ToTimeSpan(),
            [nameof(Options.MaxLingerSize)] = (o, text) => o.MaxLingerSize = text.ToSize(),
            [nameof(Options.LingerConnectionsMax)] = (o, text) => o.LingerConnectionsMax = text.ToInt32(),
            [nameof(Options.ConnectTimeout)] = (o, text) => o.ConnectTimeout = text.ToTimeSpan(),
            [nameof(Options.HalfClose)] = (o, text) => o.HalfClose = text.ToBoolean(),
            [nameof(Options.FinOnError)] = (o, text) => o.FinOnError = text.ToBoolean(),
            [nameof(Options.KeepAlive)] = (o, text) => o.KeepAlive = text.ToBoolean(),
            [nameof(Options.KeepAliveTime)] = (o, text) => o.KeepAliveTime = text.ToOptionalTimeSpan(),
            [nameof(Options.KeepAliveInterval)] = (o, text) => o.KeepAliveInterval = text.ToOptionalTimeSpan(),
            [nameof(Options.KeepAliveProbes)] = (o, text) => o.KeepAliveProbes = text.ToOptionalInt32(),
            [nameof(Options.ReceiveBufferSize)] = (o, text) => o.ReceiveBufferSize = text.ToOptionalInt32(),
            [nameof(Options.SendBufferSize)] = (o, text) => o.SendBufferSize = text.ToOptionalInt32(),
            [nameof(Options.ReceiveLowWater)] = (o, text) => o.ReceiveLowWater = text.ToOptionalInt32(),
            [nameof(Options.NotSentLowWater)] = (o, text) => o.NotSentLowWater = text.ToOptionalInt32(),
            [nameof(Options.UserTimeout)] = (o, text) => o.UserTimeout = text.ToOptionalTimeSpan(),
            [nameof(Options.CongestionControl)] = (o, text) => o.CongestionControl = text.ToText(),
            [nameof(Options.TypeOfService)] = (o, text) => o.TypeOfService = text.ToOptionalInt32(),
            [nameof(Options.Mark)] = (o, text) => o.Mark = text.ToOptionalMark(),
            [nameof(Options.BoundDevice)] = (o, text) => o.BoundDevice = text.ToText(),
            [nameof(Options.MultipathTcp)] = (o, text) => o.MultipathTcp = text.ToBoolean(),
            [nameof(Options.FastOpenQueueLength)] = (o, text) => o.FastOpenQueueLength = text.ToInt32(),
            [nameof(Options.DeferAccept)] = (o, text) => o.DeferAccept = text.ToOptionalTimeSpan(),
            [nameof(Options.SharePort)] = (o, text) => o.SharePort = text.ToBoolean(),
            [nameof(Options.UnixFileMode)] = (o, text) => o.UnixFileMode = text.ToFileMode(),
            [nameof(Options.HandOverPath)] = (o, text) => o.HandOverPath = text.ToText(),
            [nameof(Options.Enabled)] = (o, text) => o.Enabled = text.ToBoolean(),
            [nameof(Options.RequireBackend)] = (o, text) => o.RequireBackend = text.ToBoolean(),
            [KernelQueueKey(nameof(KernelQueueOptions.Library))] =
                (o, text) => o.KernelQueue.Library = text.ToText(),
            [KernelQueueKey(nameof(KernelQueueOptions.SymbolPrefix))] =
                (o, text) => o.KernelQueue.SymbolPrefix = text.ToText() ?? "",
            [KernelQueueKey(nameof(KernelQueueOptions.Layout))] =
                (o, text) => o.KernelQueue.Layout = text.ToText(),
        };

    public void Configure(KqueueTransportOptions options)
    {
        var root = (configuration as IConfigurationSection)?.Path;
        foreach (var (key, value) in configuration.AsEnumerable(makePathsRelative: true))
        {
            if (s_options.TryGetValue(key, out var set))
            {
                set(options, new ConfigurationText(root is null ? key : ConfigurationPath.Combine(root, key), value));
            }
            else if (!IsParent(key))
            {
                throw Unknown(key, root);
            }
        }
    }

    private static string KernelQueueKey(string name) =>
        ConfigurationPath.Combine(nameof(Options.KernelQueue), name);

    private static bool IsParent(string key) =>
        key.Equals(nameof(Options.KernelQueue), StringComparison.OrdinalIgnoreCase);

    private static OptionsValidationException Unknown(string key, string? root) => ConfigurationText.Failure(
        $"There is no option '{key}'{(root is null ? "" : $" under '{root}'")}. " +
        $"The options are {string.Join(", ", s_options.Keys)}.");
}
