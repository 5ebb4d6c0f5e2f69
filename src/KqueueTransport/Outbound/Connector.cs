using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Outbound;

/// <summary>Connects to endpoints of all kinds, within the time that the options give.</summary>
internal sealed class Connector
{
    private readonly TransportLoops _loops;
    private readonly EndPointContext _endPoint;
    private readonly KqueueEndPointOptions _options;
    private readonly TimeSpan _timeout;
    private readonly Func<DnsEndPoint, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly CancellationToken _loopsEnd;
    private readonly Lock _gate = new();

    // Under _gate. Those that have not ended: nobody else ends them when their loops do.
    private readonly HashSet<Connection> _open = [];

    /// <param name="loops">The loops of the connections.</param>
    /// <param name="options">Theirs, and the time.</param>
    /// <param name="logger">Where they log.</param>
    /// <param name="resolve">The addresses of a name; null asks the system.</param>
    public Connector(
        TransportLoops loops,
        KqueueTransportOptions options,
        ILogger logger,
        Func<DnsEndPoint, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _loops = loops;
        _loopsEnd = loops.AboutToEnd;
        _resolve = resolve ?? (static (name, cancellationToken) =>
            Dns.GetHostAddressesAsync(name.Host, name.AddressFamily, cancellationToken));
        var placement = loops.PlacementFor(OutboundEndPoint.Instance, options.Scheduling, logger);
        _endPoint = new EndPointContext(options, placement) { IsOutbound = true, Ended = Remove };
        _options = options.Clone();
        _timeout = options.ConnectTimeout;
        _loopsEnd.UnsafeRegister(static connector => ((Connector)connector!).EndAll(), this);
    }

    /// <summary>Connects; its caller disposes the connection.</summary>
    public async Task<Connection> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_timeout, _loops.Clock);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token, _loopsEnd);
        try
        {
            return await ConnectToAnyAsync(endPoint, any.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException) when (_loopsEnd.IsCancellationRequested)
        {
            throw new ObjectDisposedException(
                nameof(KqueueConnectionFactory), $"The event loops ended before {endPoint} was connected.");
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw new SocketException(
                (int)SocketError.TimedOut, $"{endPoint} has not answered within {_timeout.TotalSeconds} s.");
        }
    }

    private async Task<Connection> ConnectToAnyAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        switch (endPoint)
        {
            case DnsEndPoint name:
                var addresses = await _resolve(name, cancellationToken).ConfigureAwait(false);
                return addresses.Length > 0
                    ? await RaceAsync(addresses, name.Port, cancellationToken).ConfigureAwait(false)
                    : throw new SocketException((int)SocketError.HostNotFound, $"{name.Host} has no address.");

            case IPEndPoint or UnixDomainSocketEndPoint or VsockEndPoint:
                return await ConnectToAsync(endPoint, cancellationToken).ConfigureAwait(false);

            default:
                throw new NotSupportedException(
                    $"The kqueue transport cannot connect to a {endPoint.GetType().Name}; give an IPEndPoint, a " +
                    "DnsEndPoint, a UnixDomainSocketEndPoint or a VsockEndPoint.");
        }
    }

    private Task<Connection> RaceAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken) =>
        AddressRace.RunAsync(
            AddressRace.InTurns(addresses),
            (address, token) => ConnectToAsync(new IPEndPoint(address, port), token),
            _loops.Clock,
            cancellationToken);

    private async Task<Connection> ConnectToAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        // The sockets are of one family each, and those of IPv6 reach no IPv4.
        var reachable = endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped
            ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port)
            : endPoint;
        var connection = await ConnectAttempt.ConnectAsync(
            _loops.LessLoaded(), _endPoint, reachable, _options, cancellationToken).ConfigureAwait(false);
        Add(connection);
        return connection;
    }

    private void Add(Connection connection)
    {
        lock (_gate)
        {
            // One that has ended meanwhile may have been removed before it came here.
            if (connection.EndCause is null)
            {
                _open.Add(connection);
            }
        }

        if (_loopsEnd.IsCancellationRequested)
        {
            // Perhaps after EndAll has looked, which looks after this is set.
            End(connection);
        }
    }

    private void Remove(Connection connection)
    {
        lock (_gate)
        {
            _open.Remove(connection);
        }
    }

    private void EndAll()
    {
        Connection[] open;
        lock (_gate)
        {
            open = [.. _open];
        }

        Array.ForEach(open, End);
    }

    private static void End(Connection connection) =>
        connection.Abort(new ConnectionAbortedException("The event loops of the connection end."));

    /// <summary>Stands for all outbound connections where a listener is named, in logs.</summary>
    private sealed class OutboundEndPoint : EndPoint
    {
        public static readonly OutboundEndPoint Instance = new();

        public override string ToString() => "outbound connections";
    }
}
