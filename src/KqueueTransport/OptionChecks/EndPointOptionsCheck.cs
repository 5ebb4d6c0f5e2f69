namespace KqueueTransport.OptionChecks;

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

    private const string NoLimit = "without it there is no limit";

    private const UnixFileMode AllModes = (UnixFileMode)0b111_111_111_111;

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    public static void Check(OptionFailures failures, KqueueEndPointOptions options)
    {
        failures.CheckEnum(options.Scheduling);
        failures.CheckRange(options.Backlog, 1, BacklogMax, "the default is 512");
        failures.CheckRange(options.AcceptsPerWake, 1, ushort.MaxValue, "the default is 64");
        failures.CheckRange(options.FastOpenQueueLength, 0, ushort.MaxValue, "the default is 0, which is off");
        failures.CheckTime(options.DeferAccept, s_second, KeepAliveSecondsMax);
        if (options.UnixFileMode is { } mode && (mode & ~AllModes) != 0)
        {
            failures.Add(options.UnixFileMode, "Write flags of System.IO.UnixFileMode, or leave it out.");
        }

        failures.CheckRange(options.ConnectionsMax, 1, int.MaxValue, NoLimit);
        failures.CheckRange(options.AcceptsPerSecond, 1, AcceptsPerSecondMax, NoLimit);
        failures.CheckRange(options.ConnectionsPerAddressMax, 1, int.MaxValue, NoLimit);
        failures.CheckRange(options.AddressPrefixIPv4, 1, 32, "the default is 32, one address");
        failures.CheckRange(options.AddressPrefixIPv6, 1, 128, "the default is 64, one host's network");
        failures.CheckEnum(options.OverLimit);
        failures.CheckSize(options.MaxReadBufferSize);
        failures.CheckSize(options.MaxWriteBufferSize);
        CheckKeepAlive(failures, options);
        failures.CheckBytes(options.ReceiveBufferSize);
        failures.CheckBytes(options.SendBufferSize);
        failures.CheckBytes(options.ReceiveLowWater);
        failures.CheckBytes(options.NotSentLowWater);
        failures.CheckTime(options.UserTimeout, TimeSpan.FromMilliseconds(1), int.MaxValue);
        failures.CheckName(options.CongestionControl, NameLengthMax);
        failures.CheckName(options.BoundDevice, NameLengthMax);
        failures.CheckRange(options.TypeOfService, 0, byte.MaxValue, "the default is the system's");
    }

    private static void CheckKeepAlive(OptionFailures failures, KqueueEndPointOptions options)
    {
        failures.CheckTime(options.KeepAliveTime, s_second, KeepAliveSecondsMax);
        failures.CheckTime(options.KeepAliveInterval, s_second, KeepAliveSecondsMax);
        failures.CheckRange(options.KeepAliveProbes, 1, KeepAliveProbesMax, "the default is the system's");
        if (options is { KeepAlive: false } and not
            { KeepAliveTime: null, KeepAliveInterval: null, KeepAliveProbes: null })
        {
            failures.Add(
                $"{nameof(options.KeepAliveTime)}, {nameof(options.KeepAliveInterval)} and " +
                $"{nameof(options.KeepAliveProbes)} need {nameof(options.KeepAlive)}. Write true for it, or leave " +
                "them out.");
        }
    }
}
