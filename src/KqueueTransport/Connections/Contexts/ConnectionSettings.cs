using System.Buffers;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Contexts;

/// <summary>What all connections of one listener and loop share. Immutable, but for what they count.</summary>
internal sealed class ConnectionSettings
{
    public required EventLoop Loop { get; init; }

    public required SocketCalls Calls { get; init; }

    /// <summary>The loop's own pool, so that loops do not contend for blocks.</summary>
    public required MemoryPool<byte> MemoryPool { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>The loops, whose standby threads run handlers that are likely to block.</summary>
    public required EventLoopGroup Group { get; init; }

    /// <summary>Where the application of the listener's connections runs.</summary>
    public required ApplicationScheduling Scheduling { get; init; }

    public required Surroundings Surroundings { get; init; }

    /// <summary>What the connections of the loop count, whatever their listener.</summary>
    public required LoopStatistics LoopStatistics { get; init; }

    /// <summary>What the connections of the listener count, whatever their loop.</summary>
    public required ListenerStatistics ListenerStatistics { get; init; }

    /// <summary>What the listener's stop waits for. Of an outbound connection it never begins.</summary>
    public required ListenerStop Stop { get; init; }

    /// <summary>Bytes that are received while nobody reads; <see cref="long.MaxValue"/> is no limit.</summary>
    public required long MaxReadBufferBytes { get; init; }

    /// <summary>Unsent bytes at which a flush begins to wait; <see cref="long.MaxValue"/> is no limit.</summary>
    public required long MaxWriteBufferBytes { get; init; }

    /// <summary>The loop's closed connections whose peers have not ended yet; null where none waits.</summary>
    public required LingeringCloses? Lingering { get; init; }

    /// <summary>Whether the two directions of a connection end apart.</summary>
    public required bool HalfClose { get; init; }

    /// <summary>Whether an aborted connection sends FIN instead of RST.</summary>
    public required bool FinOnError { get; init; }

    /// <summary>Unsent bytes at which a flush that waits goes on.</summary>
    public long ResumeWriteBufferBytes => MaxWriteBufferBytes / 2;
}
