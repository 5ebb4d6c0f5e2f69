using System.Net;
using KqueueTransport.Diagnostics;
using KqueueTransport.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// The limits that one endpoint's options set: its connections, its accepts per second, and the connections of each
/// network. Under the acceptor's lock, but for the ends of connections, which come from any thread.
/// </summary>
internal sealed class AcceptLimits
{
    private readonly bool _waits;
    private readonly AcceptRate? _rate;
    private readonly ConnectionsByAddress? _addresses;
    private readonly ListenerStatistics _statistics;
    private readonly TimeProvider _clock;
    private Episode _episode;

    // The last limit that has kept a connection out, until it has been warned of.
    private ListenerLimit? _reached;

    private AcceptLimits(KqueueEndPointOptions options, ListenerStatistics statistics, TimeProvider clock)
    {
        Connections = new Places(options.ConnectionsMax ?? int.MaxValue);
        _waits = options.OverLimit is OverLimit.Wait;
        _rate = options.AcceptsPerSecond is { } perSecond ? new AcceptRate(perSecond, clock) : null;
        _addresses = options.ConnectionsPerAddressMax is { } max
            ? new ConnectionsByAddress(max, options.AddressPrefixIPv4, options.AddressPrefixIPv6)
            : null;
        _statistics = statistics;
        _clock = clock;
    }

    /// <summary>The places of connections that were accepted and have not ended.</summary>
    public Places Connections { get; }

    /// <summary>The networks that they are from.</summary>
    public int Networks => _addresses?.Count ?? 0;

    /// <summary>The limits, or null where the options set none.</summary>
    public static AcceptLimits? TryMake(
        KqueueEndPointOptions options, ListenerStatistics statistics, TimeProvider clock) =>
        (options.ConnectionsMax ?? options.AcceptsPerSecond ?? options.ConnectionsPerAddressMax) is null
            ? null
            : new AcceptLimits(options, statistics, clock);

    /// <summary>
    /// The limit because of which the next connection is left in the kernel, or null. <see cref="Connections"/> then
    /// says when <see cref="ListenerLimit.Connections"/> is over; <see cref="ListenerLimit.Rate"/> is a matter of time.
    /// </summary>
    public ListenerLimit? PauseIfReached()
    {
        if (!_waits)
        {
            return null;
        }

        var beyond = Connections.PauseIfTaken() ? ListenerLimit.Connections : BeyondRate();
        if (beyond is { } limit)
        {
            _statistics.CountWait(limit);
            _reached = limit;
        }

        return beyond;
    }

    /// <summary>Whether a connection that the kernel has given is beyond a limit.</summary>
    public bool Refuses(SocketAddress peer)
    {
        var beyond = Connections.AreTaken ? ListenerLimit.Connections
            : BeyondRate() ?? (_addresses?.IsFull(peer) ?? false ? ListenerLimit.Address : null);
        if (beyond is { } limit)
        {
            _statistics.CountRefusal(limit);
            _reached = limit;
        }

        return beyond is not null;
    }

    /// <summary>
    /// A connection is accepted. Before it starts: its end may come at once. Where there is no memory for it, it is to
    /// be removed all the same.
    /// </summary>
    public void Add(Connection connection, SocketAddress peer)
    {
        Connections.Take();
        _rate?.Take();
        _addresses?.Add(connection, peer);
    }

    /// <summary>A connection has ended. Any thread.</summary>
    public void Remove(Connection connection)
    {
        try
        {
            _addresses?.Remove(connection);
        }
        finally
        {
            Connections.Free();
        }
    }

    /// <summary>Says once for an episode that a limit keeps connections out.</summary>
    public void Warn(ILogger logger, EndPoint endPoint)
    {
        if (_reached is { } limit && _episode.Begins(_clock))
        {
            var option = limit switch
            {
                ListenerLimit.Connections => nameof(KqueueEndPointOptions.ConnectionsMax),
                ListenerLimit.Rate => nameof(KqueueEndPointOptions.AcceptsPerSecond),
                _ => nameof(KqueueEndPointOptions.ConnectionsPerAddressMax),
            };
            var fate = _waits && limit is not ListenerLimit.Address ? "wait in the kernel" : "are reset";
            TransportLog.LimitReached(logger, endPoint, option, fate);
        }

        _reached = null;
    }

    private ListenerLimit? BeyondRate() => _rate is { HasToken: false } ? ListenerLimit.Rate : null;
}
