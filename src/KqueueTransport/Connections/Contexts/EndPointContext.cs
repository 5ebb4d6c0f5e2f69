using KqueueTransport.Connections.Placement;
using KqueueTransport.Diagnostics.Metrics;

namespace KqueueTransport.Connections.Contexts;

/// <summary>What the connections of one endpoint share, whatever their loop. Immutable, but for counts.</summary>
internal sealed class EndPointContext(KqueueEndPointOptions options, HandlerPlacement placement)
{
    /// <summary>Where the application of the endpoint's connections runs.</summary>
    public HandlerPlacement Placement { get; } = placement;

    /// <summary>What the listener and its connections count. Nobody reads those of outbound connections.</summary>
    public ListenerStatistics Statistics { get; } = new();

    /// <summary>The connections that nobody has asked for a first read. Nobody waits for outbound ones.</summary>
    public Newcomers Newcomers { get; } = new();

    /// <summary>Whether the listener stops: set once, before the server is told that it has.</summary>
    public bool IsStopping
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Bytes that are received while nobody reads; <see cref="long.MaxValue"/> is no limit.</summary>
    public long MaxReadBufferBytes { get; } = LimitOf(options.MaxReadBufferSize);

    /// <summary>Unsent bytes at which a flush begins to wait; <see cref="long.MaxValue"/> is no limit.</summary>
    public long MaxWriteBufferBytes { get; } = LimitOf(options.MaxWriteBufferSize);

    /// <summary>Unsent bytes at which a flush that waits goes on.</summary>
    public long ResumeWriteBufferBytes => MaxWriteBufferBytes / 2;

    /// <summary>Whether the two directions of a connection end apart.</summary>
    public bool HalfClose { get; } = options.HalfClose;

    /// <summary>Whether an aborted connection sends FIN instead of RST.</summary>
    public bool FinOnError { get; } = options.FinOnError;

    /// <summary>Whether this side has connected: it is not the one that answers last.</summary>
    public bool IsOutbound { get; init; }

    /// <summary>Is told of each connection that has ended; null where nobody asks. Set before there is one.</summary>
    public Action<Connection>? Ended { get; set; }

    /// <summary>From an option, where null or 0 is no limit.</summary>
    public static long LimitOf(long? size) => size is null or 0 ? long.MaxValue : size.Value;
}
