using System.Net;
using KqueueTransport.Diagnostics;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// The limits that one endpoint's options set: its connections, its accepts per second, and the connections of each
/// network. They are asked and added to under the acceptor's lock; connections end on any thread.
/// </summary>
internal sealed class AcceptLimits
{
    private readonly int _connectionsMax;
    private readonly bool _waits;
    private readonly AcceptRate? _rate;
    private readonly ConnectionsByAddress? _addresses;
    private readonly TimeProvider _clock;
    private Episode _episode;

    // Any thread, with full fences.
    private int _connections;
    private bool _isPaused;

    private AcceptLimits(KqueueEndPointOptions options, TimeProvider clock)
    {
        _connectionsMax = options.ConnectionsMax ?? int.MaxValue;
        _waits = options.OverLimit is OverLimit.Wait;
        _rate = options.AcceptsPerSecond is { } perSecond ? new AcceptRate(perSecond, clock) : null;
        _addresses = options.ConnectionsPerAddressMax is { } max
            ? new ConnectionsByAddress(max, options.AddressPrefixIPv4, options.AddressPrefixIPv6)
            : null;
        _clock = clock;
    }

    /// <summary>Connections that were accepted and have not ended.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The networks that they are from.</summary>
    public int Networks => _addresses?.Count ?? 0;

    /// <summary>Called, by the end of a connection, when an endpoint that was full has room again.</summary>
    public Action? RoomMade { get; set; }

    private bool IsFull => Connections >= _connectionsMax;

    /// <summary>The limits, or null where the options set none.</summary>
    public static AcceptLimits? TryMake(KqueueEndPointOptions options, TimeProvider clock) =>
        (options.ConnectionsMax ?? options.AcceptsPerSecond ?? options.ConnectionsPerAddressMax) is null
            ? null
            : new AcceptLimits(options, clock);

    /// <summary>
    /// The limit because of which the next connection is left in the kernel, or null. <see cref="RoomMade"/> then says
    /// when <see cref="ListenerLimit.Connections"/> is over; <see cref="ListenerLimit.Rate"/> is a matter of time.
    /// </summary>
    public ListenerLimit? PauseIfReached()
    {
        if (!_waits)
        {
            return null;
        }

        if (IsFull)
        {
            // Announce the pause, then look again: a connection may have ended just before its end could know.
            Interlocked.Exchange(ref _isPaused, true);
            if (IsFull || !Interlocked.Exchange(ref _isPaused, false))
            {
                return ListenerLimit.Connections;
            }
        }

        return _rate is { HasToken: false } ? ListenerLimit.Rate : null;
    }

    /// <summary>The limit that a connection which the kernel has given is beyond, or null.</summary>
    public ListenerLimit? RefusalOf(SocketAddress peer) =>
        IsFull ? ListenerLimit.Connections
        : _rate is { HasToken: false } ? ListenerLimit.Rate
        : _addresses is { } addresses && addresses.IsFull(peer) ? ListenerLimit.Address
        : null;

    /// <summary>
    /// A connection is accepted. Before it starts: its end may come at once. Without memory nothing is added.
    /// </summary>
    public void Add(Connection connection, SocketAddress peer)
    {
        _addresses?.Add(connection, peer);
        Interlocked.Increment(ref _connections);
        _rate?.Take();
    }

    /// <summary>A connection has ended. Any thread.</summary>
    public void Remove(Connection connection)
    {
        _addresses?.Remove(connection);
        Interlocked.Decrement(ref _connections);
        if (Volatile.Read(ref _isPaused) && Interlocked.Exchange(ref _isPaused, false))
        {
            RoomMade?.Invoke();
        }
    }

    /// <summary>A limit has kept a connection out. True when that is worth a warning.</summary>
    public bool MustWarn() => _episode.Begins(_clock);

    /// <summary>What becomes of those beyond a limit.</summary>
    public string FateBeyond(ListenerLimit limit) =>
        _waits && limit is not ListenerLimit.Address ? "wait in the kernel" : "are reset";
}
