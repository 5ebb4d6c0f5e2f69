using System.Net;
using System.Text;
using KqueueTransport.Sockets;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Connections.Contexts;

/// <summary>From the options that users write to those of one listen socket.</summary>
internal static class EndPointConfiguration
{
    /// <summary>The options of one endpoint.</summary>
    /// <exception cref="OptionsValidationException">The endpoint's own options are wrong.</exception>
    public static KqueueEndPointOptions OptionsFor(EndPoint endPoint, KqueueTransportOptions options)
    {
        if (options.ConfigureEndPoint is not { } configure)
        {
            return options;
        }

        var own = options.Clone();
        configure(endPoint, own);
        var failures = new OptionFailures();
        EndPointOptionsCheck.Check(failures, own);
        return failures.Messages.Count == 0 ? own : throw new OptionsValidationException(
            endPoint.ToString()!,
            typeof(KqueueEndPointOptions),
            failures.Messages.Select(message => $"{nameof(options.ConfigureEndPoint)}, {endPoint}: {message}"));
    }

    public static ListenSocketOptions ToListenOptions(KqueueEndPointOptions options) =>
        new(options.Backlog, ToSocketOptions(options), options.SharePort)
        {
            FastOpenQueueLength = options.FastOpenQueueLength,
            DeferAcceptSeconds = Seconds(options.DeferAccept),
            UnixFileMode = options.UnixFileMode,
            CreateBoundSocket = options.CreateBoundListenSocket,
        };

    public static SocketOptions ToSocketOptions(KqueueEndPointOptions options) => new(options.NoDelay)
    {
        KeepAlive = options.KeepAlive,
        KeepAliveTimeSeconds = Seconds(options.KeepAliveTime),
        KeepAliveIntervalSeconds = Seconds(options.KeepAliveInterval),
        KeepAliveProbes = options.KeepAliveProbes,
        ReceiveBufferBytes = options.ReceiveBufferSize,
        SendBufferBytes = options.SendBufferSize,
        ReceiveLowWaterBytes = options.ReceiveLowWater,
        NotSentLowWaterBytes = options.NotSentLowWater,
        UserTimeoutMs = (int?)options.UserTimeout?.TotalMilliseconds,
        CongestionControl = Name(options.CongestionControl),
        TypeOfService = options.TypeOfService,
        Mark = options.Mark,
        BoundDevice = Name(options.BoundDevice),
        MultipathTcp = options.MultipathTcp,
    };

    private static byte[]? Name(string? name) => name is null ? null : Encoding.ASCII.GetBytes(name);

    private static int? Seconds(TimeSpan? time) => (int?)time?.TotalSeconds;
}
