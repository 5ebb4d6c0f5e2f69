using Kqueue;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>
/// Takes the options from configuration: one entry per option, without reflection, so that a misspelt key or value is
/// an error that says what to write, and that trimming has nothing to keep.
/// </summary>
internal sealed class KqueueTransportConfiguration(IConfiguration configuration)
    : IConfigureOptions<KqueueTransportOptions>
{
    private static readonly Dictionary<string, Action<KqueueTransportOptions, ConfigurationText>> s_options =
        new(StringComparer.OrdinalIgnoreCase)
        {
            [nameof(KqueueTransportOptions.LoopCount)] = (options, text) => options.LoopCount = text.ToInt32(),
            [nameof(KqueueTransportOptions.LoopProcessors)] =
                (options, text) => options.LoopProcessors = text.ToNumbers(),
            [nameof(KqueueTransportOptions.Scheduling)] =
                (options, text) => options.Scheduling = text.ToEnum<Scheduling>(),
            [nameof(KqueueTransportOptions.StandbyThreadsMax)] =
                (options, text) => options.StandbyThreadsMax = text.ToInt32(),
            [nameof(KqueueTransportOptions.Backlog)] = (options, text) => options.Backlog = text.ToInt32(),
            [nameof(KqueueTransportOptions.AcceptsPerWake)] =
                (options, text) => options.AcceptsPerWake = text.ToInt32(),
            [nameof(KqueueTransportOptions.ConnectionsMax)] =
                (options, text) => options.ConnectionsMax = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.AcceptsPerSecond)] =
                (options, text) => options.AcceptsPerSecond = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.ConnectionsPerAddressMax)] =
                (options, text) => options.ConnectionsPerAddressMax = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.AddressPrefixIPv4)] =
                (options, text) => options.AddressPrefixIPv4 = text.ToInt32(),
            [nameof(KqueueTransportOptions.AddressPrefixIPv6)] =
                (options, text) => options.AddressPrefixIPv6 = text.ToInt32(),
            [nameof(KqueueTransportOptions.OverLimit)] =
                (options, text) => options.OverLimit = text.ToEnum<OverLimit>(),
            [nameof(KqueueTransportOptions.NoDelay)] = (options, text) => options.NoDelay = text.ToBoolean(),
            [nameof(KqueueTransportOptions.MaxReadBufferSize)] =
                (options, text) => options.MaxReadBufferSize = text.ToSize(),
            [nameof(KqueueTransportOptions.MaxWriteBufferSize)] =
                (options, text) => options.MaxWriteBufferSize = text.ToSize(),
            [nameof(KqueueTransportOptions.LingerTimeout)] =
                (options, text) => options.LingerTimeout = text.ToTimeSpan(),
            [nameof(KqueueTransportOptions.DrainTimeout)] =
                (options, text) => options.DrainTimeout = text.ToTimeSpan(),
            [nameof(KqueueTransportOptions.MaxLingerSize)] = (options, text) => options.MaxLingerSize = text.ToSize(),
            [nameof(KqueueTransportOptions.LingerConnectionsMax)] =
                (options, text) => options.LingerConnectionsMax = text.ToInt32(),
            [nameof(KqueueTransportOptions.ConnectTimeout)] =
                (options, text) => options.ConnectTimeout = text.ToTimeSpan(),
            [nameof(KqueueTransportOptions.HalfClose)] = (options, text) => options.HalfClose = text.ToBoolean(),
            [nameof(KqueueTransportOptions.FinOnError)] = (options, text) => options.FinOnError = text.ToBoolean(),
            [nameof(KqueueTransportOptions.KeepAlive)] = (options, text) => options.KeepAlive = text.ToBoolean(),
            [nameof(KqueueTransportOptions.KeepAliveTime)] =
                (options, text) => options.KeepAliveTime = text.ToOptionalTimeSpan(),
            [nameof(KqueueTransportOptions.KeepAliveInterval)] =
                (options, text) => options.KeepAliveInterval = text.ToOptionalTimeSpan(),
            [nameof(KqueueTransportOptions.KeepAliveProbes)] =
                (options, text) => options.KeepAliveProbes = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.ReceiveBufferSize)] =
                (options, text) => options.ReceiveBufferSize = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.SendBufferSize)] =
                (options, text) => options.SendBufferSize = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.ReceiveLowWater)] =
                (options, text) => options.ReceiveLowWater = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.NotSentLowWater)] =
                (options, text) => options.NotSentLowWater = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.UserTimeout)] =
                (options, text) => options.UserTimeout = text.ToOptionalTimeSpan(),
            [nameof(KqueueTransportOptions.CongestionControl)] =
                (options, text) => options.CongestionControl = text.ToText(),
            [nameof(KqueueTransportOptions.TypeOfService)] =
                (options, text) => options.TypeOfService = text.ToOptionalInt32(),
            [nameof(KqueueTransportOptions.Mark)] = (options, text) => options.Mark = text.ToOptionalMark(),
            [nameof(KqueueTransportOptions.BoundDevice)] = (options, text) => options.BoundDevice = text.ToText(),
            [nameof(KqueueTransportOptions.MultipathTcp)] =
                (options, text) => options.MultipathTcp = text.ToBoolean(),
            [nameof(KqueueTransportOptions.FastOpenQueueLength)] =
                (options, text) => options.FastOpenQueueLength = text.ToInt32(),
            [nameof(KqueueTransportOptions.DeferAccept)] =
                (options, text) => options.DeferAccept = text.ToOptionalTimeSpan(),
            [nameof(KqueueTransportOptions.SharePort)] = (options, text) => options.SharePort = text.ToBoolean(),
            [nameof(KqueueTransportOptions.UnixFileMode)] = (options, text) => options.UnixFileMode = text.ToFileMode(),
            [nameof(KqueueTransportOptions.HandOverPath)] = (options, text) => options.HandOverPath = text.ToText(),
            [nameof(KqueueTransportOptions.Enabled)] = (options, text) => options.Enabled = text.ToBoolean(),
            [nameof(KqueueTransportOptions.RequireBackend)] =
                (options, text) => options.RequireBackend = text.ToBoolean(),
            [KernelQueueKey(nameof(KernelQueueOptions.Library))] =
                (options, text) => options.KernelQueue.Library = text.ToText(),
            [KernelQueueKey(nameof(KernelQueueOptions.SymbolPrefix))] =
                (options, text) => options.KernelQueue.SymbolPrefix = text.ToText() ?? "",
            [KernelQueueKey(nameof(KernelQueueOptions.Layout))] =
                (options, text) => options.KernelQueue.Layout = text.ToText(),
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
        ConfigurationPath.Combine(nameof(KqueueTransportOptions.KernelQueue), name);

    private static bool IsParent(string key) =>
        key.Equals(nameof(KqueueTransportOptions.KernelQueue), StringComparison.OrdinalIgnoreCase);

    private static OptionsValidationException Unknown(string key, string? root) => ConfigurationText.Failure(
        $"There is no option '{key}'{(root is null ? "" : $" under '{root}'")}. " +
        $"The options are {string.Join(", ", s_options.Keys)}.");
}
