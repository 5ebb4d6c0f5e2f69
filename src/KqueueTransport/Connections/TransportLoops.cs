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
    {
        Calls = calls;
        _group = new EventLoopGroup(new EventLoopGroupOptions
        {
            LoopCount = options.LoopCount,
            Loop = new EventLoopOptions { KernelQueue = options.KernelQueue },
            HandOver = options.Scheduling == Scheduling.Adaptive,
            StandbyThreadsMax = options.StandbyThreadsMax,
        });
        Metrics = new TransportMetrics(_group, meterFactory);
        _settings = _group.Loops.ToDictionary(loop => loop, loop => new ConnectionSettings
        {
            Group = _group,
            Loop = loop,
            Calls = calls,
            MemoryPool = memoryPoolFactory?.Create(new MemoryPoolOptions { Owner = "kqueue" }) ??
                MemoryPool<byte>.Shared,
            Logger = logger,
            MaxReadBufferBytes = LimitOf(options.MaxReadBufferSize),
            MaxWriteBufferBytes = LimitOf(options.MaxWriteBufferSize),
        });
    }

    public SocketCalls Calls { get; }

    public TransportMetrics Metrics { get; }

    /// <summary>The settings of the loop with the fewest connections.</summary>
    public ConnectionSettings LeastLoaded() => _settings[_group.LeastLoaded()];

    /// <summary>
    /// Ends the loops. Connections have ended by then; a pool bears the return of what one of them still holds.
    /// </summary>
    public void Dispose()
    {
        Metrics.Dispose();
        _group.Dispose();
        foreach (var settings in _settings.Values)
        {
            settings.MemoryPool.Dispose();
        }
    }

    private static long LimitOf(long? size) => size is null or 0 ? long.MaxValue : size.Value;
}
