using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Contexts;

/// <summary>The event loops of one server, for all its listeners, and what each loop's connections share.</summary>
internal sealed class TransportLoops : IDisposable
{
    private readonly EventLoopGroup _group;
    private readonly Dictionary<EventLoop, LoopShare> _shares;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _aboutToEnd = new();

    public TransportLoops(
        KqueueTransportOptions options,
        SocketCalls calls,
        ILogger logger,
        IMemoryPoolFactory<byte>? memoryPoolFactory,
        IMeterFactory? meterFactory = null)
        : this(StartGroup(options), Surroundings.Process, options, calls, logger, memoryPoolFactory, meterFactory)
    {
    }

    /// <summary>Takes loops that run already, and what else is around the connections.</summary>
    internal TransportLoops(
        EventLoopGroup group,
        Surroundings surroundings,
        KqueueTransportOptions options,
        SocketCalls calls,
        ILogger logger,
        IMemoryPoolFactory<byte>? memoryPoolFactory,
        IMeterFactory? meterFactory = null)
    {
        _group = group;
        Surroundings = surroundings;
        Calls = calls;
        _logger = logger;
        Metrics = new TransportMetrics(_group, meterFactory);
        _shares = _group.Loops.ToDictionary(loop => loop, loop => new LoopShare(
            memoryPoolFactory?.Create(new MemoryPoolOptions { Owner = "kqueue" }) ?? MemoryPool<byte>.Shared,
            LimitsOfLingering(options) is { } limits
                ? new LingeringCloses(loop, calls, limits, surroundings.Clock)
                : null));
        Reserve = new ReserveDescriptor(calls);
        Headroom = new DescriptorHeadroom(calls);
    }

    public SocketCalls Calls { get; }

    public Surroundings Surroundings { get; }

    public TransportMetrics Metrics { get; }

    /// <summary>One for all listeners: a shortage is the process's.</summary>
    public ReserveDescriptor Reserve { get; }

    public DescriptorHeadroom Headroom { get; }

    /// <summary>Cancelled before the loops end: nobody would hear of the outcome of a connect any more.</summary>
    public CancellationToken AboutToEnd => _aboutToEnd.Token;

    /// <summary>Where the application runs of what is connected to, or from, an endpoint.</summary>
    public ApplicationScheduling SchedulingFor(EndPoint endPoint, Scheduling mode, ILogger logger) =>
        new(mode, endPoint, _group, logger, Surroundings.Clock);

    /// <summary>The loop with the fewest connections.</summary>
    public EventLoop LeastLoaded() => _group.LeastLoaded();

    /// <summary>The loops for outbound connections, which no listener counts.</summary>
    public EndPointLoops For(KqueueEndPointOptions options, ApplicationScheduling scheduling) =>
        For(options, scheduling, new(), new());

    /// <summary>The loops with the options, the scheduling, the counts and the stop of one endpoint.</summary>
    public EndPointLoops For(
        KqueueEndPointOptions options,
        ApplicationScheduling scheduling,
        ListenerStatistics statistics,
        ListenerStop stop) => new(
        _group,
        _group.Loops.ToDictionary(loop => loop, loop => SettingsOf(loop, options, scheduling, statistics, stop)));

    /// <summary>Gives up the connections that are being made. Later ones fail at once.</summary>
    public void EndConnecting() => _aboutToEnd.Cancel();

    /// <summary>
    /// Ends the loops. Connections have ended by then, but for their descriptors that wait for a peer's FIN, which are
    /// closed; a pool bears the return of what a connection still holds.
    /// </summary>
    public void Dispose()
    {
        EndConnecting();
        Metrics.Dispose();
        Reserve.Dispose();
        _group.Dispose();
        foreach (var share in _shares.Values)
        {
            share.Lingering?.End();
            share.MemoryPool.Dispose();
        }
    }

    private ConnectionSettings SettingsOf(
        EventLoop loop,
        KqueueEndPointOptions options,
        ApplicationScheduling scheduling,
        ListenerStatistics statistics,
        ListenerStop stop)
    {
        return new ConnectionSettings
        {
            Group = _group,
            Loop = loop,
            Scheduling = scheduling,
            Surroundings = Surroundings,
            LoopStatistics = Metrics.StatisticsOf(loop),
            ListenerStatistics = statistics,
            Stop = stop,
            Calls = Calls,
            MemoryPool = _shares[loop].MemoryPool,
            Logger = _logger,
            MaxReadBufferBytes = LimitOf(options.MaxReadBufferSize),
            MaxWriteBufferBytes = LimitOf(options.MaxWriteBufferSize),
            Lingering = _shares[loop].Lingering,
            HalfClose = options.HalfClose,
            FinOnError = options.FinOnError,
        };
    }

    private static LingerLimits? LimitsOfLingering(KqueueTransportOptions options) =>
        options.LingerTimeout == TimeSpan.Zero || options.LingerConnectionsMax == 0
            ? null
            : new LingerLimits(
                options.LingerTimeout,
                LimitOf(options.MaxLingerSize),
                1 + ((options.LingerConnectionsMax - 1) / options.LoopCount));

    private static EventLoopGroup StartGroup(KqueueTransportOptions options) => new(new EventLoopGroupOptions
    {
        LoopCount = options.LoopCount,
        Loop = new EventLoopOptions { KernelQueue = options.KernelQueue },
        HandOver = options.Scheduling == Scheduling.Adaptive,
        StandbyThreadsMax = options.StandbyThreadsMax,
        Processors = options.LoopProcessors,
    });

    private static long LimitOf(long? size) => size is null or 0 ? long.MaxValue : size.Value;

    /// <summary>What the connections of one loop share, whatever their endpoint.</summary>
    private sealed record LoopShare(MemoryPool<byte> MemoryPool, LingeringCloses? Lingering);
}
