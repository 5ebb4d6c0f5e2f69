using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Work;
using KqueueTransport.Connections.Buffers;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Diagnostics;
using KqueueTransport.Diagnostics.Metrics;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Connections.Contexts;

/// <summary>The event loops of one server, for all its listeners, and what each loop's connections share.</summary>
internal sealed class TransportLoops : IDisposable
{
    private readonly EventLoopGroup _group;
    private readonly Dictionary<EventLoop, LoopContext> _contexts;
    private readonly CancellationTokenSource _aboutToEnd = new();

    /// <param name="options">The options of the server.</param>
    /// <param name="calls">The socket calls.</param>
    /// <param name="logger">Where connections log.</param>
    /// <param name="memoryPoolFactory">Makes each loop's pool; null shares the process's.</param>
    /// <param name="meterFactory">Makes the meter.</param>
    /// <param name="group">Loops that run already; null starts them.</param>
    /// <param name="clock">The time; null is the system's.</param>
    /// <param name="queue">Runs work off the loops; null is the thread pool.</param>
    public TransportLoops(
        KqueueTransportOptions options,
        SocketCalls calls,
        ILogger logger,
        IMemoryPoolFactory<byte>? memoryPoolFactory = null,
        IMeterFactory? meterFactory = null,
        EventLoopGroup? group = null,
        TimeProvider? clock = null,
        Action<IThreadPoolWorkItem>? queue = null)
    {
        _group = group ?? StartGroup(options, logger);
        Calls = calls;
        Clock = clock ?? TimeProvider.System;
        Metrics = new TransportMetrics(_group, meterFactory);
        queue ??= PoolWork.Queue;
        _contexts = _group.Loops.ToDictionary(loop => loop, loop => new LoopContext
        {
            Loop = loop,
            Calls = calls,
            Blocks = new BlockPool(
                memoryPoolFactory?.Create(new MemoryPoolOptions { Owner = "kqueue" }) ?? MemoryPool<byte>.Shared,
                logger),
            Logger = logger,
            Clock = Clock,
            Queue = queue,
            Statistics = Metrics.StatisticsOf(loop),
            Tcp = Metrics.Tcp,
            DrainTimeout = options.DrainTimeout,
            Lingering = LingeringCloses.TryMake(loop, calls, options, Clock),
        });
    }

    public SocketCalls Calls { get; }

    public TimeProvider Clock { get; }

    public TransportMetrics Metrics { get; }

    /// <summary>Cancelled before the loops end: nobody would hear of the outcome of a connect any more.</summary>
    public CancellationToken AboutToEnd => _aboutToEnd.Token;

    /// <summary>Where the application runs of what is connected to, or from, an endpoint.</summary>
    public HandlerPlacement PlacementFor(EndPoint endPoint, Scheduling mode, ILogger logger) =>
        new(mode, endPoint, _group, logger, Clock);

    /// <summary>Of two loops, the one with fewer connections.</summary>
    public LoopContext LessLoaded() => _contexts[_group.LessLoaded()];

    /// <summary>
    /// Closes, of all loops, the connection that has waited longest for its peer's FIN: its descriptor is free then.
    /// False where none waits.
    /// </summary>
    public bool TryEndOldestLinger() =>
        _contexts.Values.Select(context => context.Lingering).MinBy(closes => closes?.OldestStart ?? long.MaxValue)
            ?.TryEndOldest() ?? false;

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
        _group.Dispose();
        foreach (var context in _contexts.Values)
        {
            context.Lingering?.End();
            context.Blocks.Dispose();
        }
    }

    private static EventLoopGroup StartGroup(KqueueTransportOptions options, ILogger logger)
    {
        // A process that is out of memory has none for the statics of what tells of it, and the runtime ends it there.
        RuntimeHelpers.RunClassConstructor(typeof(TransportLog).TypeHandle);

        var groupOptions = new EventLoopGroupOptions
        {
            LoopCount = options.LoopCount,
            Loop = new EventLoopOptions
            {
                KernelQueue = options.KernelQueue,
                NeedsBothFilters = true,

                // What a connection does is the connection's own to answer for: this is the rest.
                UnhandledException = error => TransportLog.UnexpectedException(logger, "an event loop", error),
            },

            // An endpoint may have a scheduling of its own, which is known when it is bound.
            HandOver = options.Scheduling == Scheduling.Adaptive || options.ConfigureEndPoint is not null,
            StandbyThreadsMax = options.StandbyThreadsMax,
            Processors = options.LoopProcessors,
            ThreadRefused = new ThreadShortage(logger).Note,
        };
        try
        {
            return options.Backend.StartLoops(groupOptions);
        }
        catch (ArgumentException error) when (options.LoopProcessors.Count > 0)
        {
            // Which processors there are is known to the loops only; the other options have been checked.
            throw new OptionsValidationException(
                Options.DefaultName,
                typeof(KqueueTransportOptions),
                [$"{nameof(options.LoopProcessors)} is {string.Join(',', options.LoopProcessors)}. {error.Message}"]);
        }
    }
}
