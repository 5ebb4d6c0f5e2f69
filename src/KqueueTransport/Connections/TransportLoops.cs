using System.Buffers;
using System.Diagnostics.Metrics;
using Kqueue.EventLoops;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections;

/// <summary>The event loops of one server, for all its listeners, and what each loop's connections share.</summary>
internal sealed class TransportLoops : IDisposable
{
    private readonly EventLoopGroup _group;
    private readonly Dictionary<EventLoop, ConnectionSettings> _settings;

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
        Metrics = new TransportMetrics(_group, meterFactory);
        _settings = _group.Loops.ToDictionary(loop => loop, loop => new ConnectionSettings
        {
            Group = _group,
            Loop = loop,
            Surroundings = surroundings,
            Calls = calls,
            MemoryPool = memoryPoolFactory?.Create(new MemoryPoolOptions { Owner = "kqueue" }) ??
                MemoryPool<byte>.Shared,
            Logger = logger,
            MaxReadBufferBytes = LimitOf(options.MaxReadBufferSize),
            MaxWriteBufferBytes = LimitOf(options.MaxWriteBufferSize),
            Lingering = LimitsOfLingering(options) is { } limits
                ? new LingeringCloses(loop, calls, limits, surroundings.Clock)
                : null,
            HalfClose = options.HalfClose,
            FinOnError = options.FinOnError,
        });
    }

    public SocketCalls Calls { get; }

    public Surroundings Surroundings { get; }

    public TransportMetrics Metrics { get; }

    /// <summary>The settings of the loop with the fewest connections.</summary>
    public ConnectionSettings LeastLoaded() => _settings[_group.LeastLoaded()];

    /// <summary>
    /// Ends the loops. Connections have ended by then, but for their descriptors that wait for a peer's FIN, which are
    /// closed; a pool bears the return of what a connection still holds.
    /// </summary>
    public void Dispose()
    {
        Metrics.Dispose();
        _group.Dispose();
        foreach (var settings in _settings.Values)
        {
            settings.Lingering?.End();
            settings.MemoryPool.Dispose();
        }
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
    });

    private static long LimitOf(long? size) => size is null or 0 ? long.MaxValue : size.Value;
}
