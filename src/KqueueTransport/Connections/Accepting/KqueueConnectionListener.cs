using System.Net;
using System.Runtime.CompilerServices;
using Kqueue;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics.Metrics;
using KqueueTransport.Sockets.Listening;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Accepting;

/// <summary>A bound endpoint: an acceptor on one of the loops, and the queue that AcceptAsync takes from.</summary>
internal sealed class KqueueConnectionListener : IConnectionListener, IMeasuredListener
{
    private readonly AcceptQueue _queue;
    private readonly Acceptor _acceptor;
    private readonly EndPointContext _context;
    private readonly TransportMetrics _metrics;
    private readonly TimeProvider _clock;

    /// <param name="socket">The listen socket, which becomes the listener's.</param>
    /// <param name="loops">The loops of the server.</param>
    /// <param name="options">The endpoint's own.</param>
    /// <param name="logger">Where warnings go.</param>
    public KqueueConnectionListener(
        ListenSocket socket,
        TransportLoops loops,
        KqueueEndPointOptions options,
        ILogger logger)
    {
        EndPoint = socket.EndPoint;
        _metrics = loops.Metrics;
        _clock = loops.Clock;
        _queue = new AcceptQueue(options.Backlog);
        _context = new EndPointContext(options, loops.PlacementFor(EndPoint, options.Scheduling, logger));
        Limits = AcceptLimits.TryMake(options, Statistics, loops.Clock);
        _context.Ended = Limits is { } limits ? limits.Remove : null;
        var connections = new AcceptedConnections(socket, loops, _context, Limits);
        _acceptor = new Acceptor(socket, loops, connections, _queue, Limits, options, logger);
    }

    public EndPoint EndPoint { get; }

    /// <summary>What the options allow, and what there is of it; null where they set no limit.</summary>
    public AcceptLimits? Limits { get; }

    public ListenerStatistics Statistics => _context.Statistics;

    public Scheduling Scheduling => _context.Placement.Mode;

    public bool RunsInline => _context.Placement.RunsInline;

    public int QueueLength => _queue.Places.Taken;

    /// <summary>Begins to accept.</summary>
    /// <exception cref="KernelQueueException">The listen socket cannot be watched.</exception>
    public void Start()
    {
        var result = _acceptor.Start();
        if (result.IsError)
        {
            // Nobody will take what the kernel has accepted: the queue aborts it.
            _queue.Complete();
            _acceptor.Stop();
            throw new KernelQueueException($"{EndPoint} cannot be watched: {result.Error}.", result.Error);
        }

        _metrics.Add(this);
    }

    /// <summary>
    /// The next connection, or null after <see cref="UnbindAsync"/>. It never fails because of a connection or for
    /// want of descriptors: Kestrel would not ask again. Null comes when all connections have been begun with: Kestrel
    /// then tells them to stop.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        var connection = await _queue.TakeAsync(cancellationToken).ConfigureAwait(false);
        if (connection is null)
        {
            // A connection whose handler only ever writes holds up the stop for as long.
            await _context.Newcomers.WhenNoneAsync(Times.LastRequests, _clock).ConfigureAwait(false);
        }

        return connection;
    }

    /// <summary>Stops accepting; the server, which goes on with what it has, is not told.</summary>
    public void StopAccepting() => _acceptor.Stop();

    /// <summary>
    /// Stops accepting. What the kernel has accepted can still be taken. Kestrel cancels, as soon as this returns, the
    /// reads of all connections that it does not know of any request from.
    /// </summary>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _context.IsStopping = true;
        _acceptor.Stop();
        _queue.Complete();
        _metrics.Remove(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Stops accepting and aborts what nobody took.</summary>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync().ConfigureAwait(false);
        while (_queue.TryTake(out var connection))
        {
            connection!.Abort(new ConnectionAbortedException("The listener was disposed before it was accepted."));
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
