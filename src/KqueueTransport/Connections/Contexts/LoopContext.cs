using Kqueue.EventLoops;
using KqueueTransport.Connections.Buffers;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Diagnostics.Metrics;
using KqueueTransport.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Contexts;

/// <summary>What all connections of one loop share, whatever their endpoint. Immutable, but for the counts.</summary>
internal sealed class LoopContext
{
    public required EventLoop Loop { get; init; }

    public required SocketCalls Calls { get; init; }

    /// <summary>The loop's own pool, so that loops do not contend for blocks.</summary>
    public required BlockPool Blocks { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>The time: what waits and what is measured goes by it.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>Runs work on the thread pool.</summary>
    public required Action<IThreadPoolWorkItem> Queue { get; init; }

    public required LoopStatistics Statistics { get; init; }

    /// <summary>Where connections tell at their end what the kernel knew of them.</summary>
    public required TcpMetrics Tcp { get; init; }

    /// <summary>How long an output that is completed waits for a peer that takes nothing.</summary>
    public required TimeSpan DrainTimeout { get; init; }

    /// <summary>The loop's closed connections whose peers have not ended yet; null where none waits.</summary>
    public required LingeringCloses? Lingering { get; init; }
}
