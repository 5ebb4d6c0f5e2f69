namespace KqueueTransport;

/// <summary>Checks what an endpoint gets, from whoever set it.</summary>
internal static class EndPointOptionsCheck
{
    // The length is a 16-bit number in some kernels; no kernel's own limit comes near.
    private const int BacklogMax = ushort.MaxValue;

    // MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of Linux, the narrowest of the systems.
    private const int KeepAliveSecondsMax = 32_767;
    private const int KeepAliveProbesMax = 127;

    // IFNAMSIZ and TCP_CA_NAME_MAX of Linux, less the zero at the end. What is shorter elsewhere the kernel refuses.
    private const int NameLengthMax = 15;

    // An accept in less than a microsecond is none that a bucket could hold back.
    private const int AcceptsPerSecondMax = 1_000_000;

    private const UnixFileMode AllModes = (UnixFileMode)0b111_111_111_111;

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    public static void Check(OptionFailures failures, KqueueEndPointOptions options)
    {
        failures.CheckEnum(nameof(options.Scheduling), options.Scheduling);
        CheckAccepting(failures, options);
        CheckLimits(failures, options);
        failures.CheckSize(nameof(options.MaxReadBufferSize), options.MaxReadBufferSize);
        failures.CheckSize(nameof(options.MaxWriteBufferSize), options.MaxWriteBufferSize);
        CheckKeepAlive(failures, options);
        failures.CheckBytes(nameof(options.ReceiveBufferSize), options.ReceiveBufferSize);
        failures.CheckBytes(nameof(options.SendBufferSize), options.SendBufferSize);
        failures.CheckBytes(nameof(options.ReceiveLowWater), options.ReceiveLowWater);
        failures.CheckBytes(nameof(options.NotSentLowWater), options.NotSentLowWater);
        failures.CheckTime(
            nameof(options.UserTimeout), options.UserTimeout, TimeSpan.FromMilliseconds(1), int.MaxValue);
        failures.CheckName(nameof(options.CongestionControl), options.CongestionControl, NameLengthMax);
        failures.CheckName(nameof(options.BoundDevice), options.BoundDevice, NameLengthMax);
        failures.CheckRange(
            nameof(options.TypeOfService), options.TypeOfService, byte.MaxValue, "the default is the system's", min: 0);
    }

    private static void CheckAccepting(OptionFailures failures, KqueueEndPointOptions options)
    {
        failures.CheckRange(nameof(options.Backlog), options.Backlog, BacklogMax, "the default is 512");
        failures.CheckRange(
            nameof(options.AcceptsPerWake), options.AcceptsPerWake, ushort.MaxValue, "the default is 64");
        failures.CheckRange(
            nameof(options.FastOpenQueueLength),
            options.FastOpenQueueLength,
            ushort.MaxValue,
            "the default is 0, which is off",
            min: 0);
        failures.CheckTime(nameof(options.DeferAccept), options.DeferAccept, s_second, KeepAliveSecondsMax);
        if (options.UnixFileMode is { } mode && (mode & ~AllModes) != 0)
        {
            failures.Add(
                nameof(options.UnixFileMode), mode, "Write flags of System.IO.UnixFileMode, or leave it out.");
        }
    }

    private static void CheckLimits(OptionFailures failures, KqueueEndPointOptions options)
    {
        const string NoLimit = "without it there is no limit";
        failures.CheckRange(nameof(options.ConnectionsMax), options.ConnectionsMax, int.MaxValue, NoLimit);
        failures.CheckRange(
            nameof(options.AcceptsPerSecond), options.AcceptsPerSecond, AcceptsPerSecondMax, NoLimit);
        failures.CheckRange(
            nameof(options.ConnectionsPerAddressMax), options.ConnectionsPerAddressMax, int.MaxValue, NoLimit);
        failures.CheckRange(
            nameof(options.AddressPrefixIPv4), options.AddressPrefixIPv4, 32, "the default is 32, one address");
        failures.CheckRange(
            nameof(options.AddressPrefixIPv6), options.AddressPrefixIPv6, 128, "the default is 64, one host's network");
        failures.CheckEnum(nameof(options.OverLimit), options.OverLimit);
    }

    private static void CheckKeepAlive(OptionFailures failures, KqueueEndPointOptions options)
    {
        failures.CheckTime(nameof(options.KeepAliveTime), options.KeepAliveTime, s_second, KeepAliveSecondsMax);
        failures.CheckTime(
            nameof(options.KeepAliveInterval), options.KeepAliveInterval, s_second, KeepAliveSecondsMax);
        failures.CheckRange(
            nameof(options.KeepAliveProbes),
            options.KeepAliveProbes,
            KeepAliveProbesMax,
            "the default is the system's");
        var refined = options.KeepAliveTime is not null || options.KeepAliveInterval is not null ||
            options.KeepAliveProbes is not null;
        if (refined && !options.KeepAlive)
        {
            failures.Add(
                $"{nameof(options.KeepAliveTime)}, {nameof(options.KeepAliveInterval)} and " +
                $"{nameof(options.KeepAliveProbes)} need {nameof(options.KeepAlive)}. Write true for it, or leave " +
                "them out.");
        }
    }
}
