using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Outbound;

/// <summary>Connects to endpoints of all kinds, within the time that the options give.</summary>
internal sealed class Connector
{
    private readonly EndPointLoops _loops;
    private readonly SocketOptions _socketOptions;
    private readonly TimeSpan _timeout;
    private readonly Surroundings _surroundings;
    private readonly CancellationToken _loopsEnd;

    public Connector(TransportLoops loops, KqueueTransportOptions options, ILogger logger)
    {
        _surroundings = loops.Surroundings;
        _loopsEnd = loops.AboutToEnd;
        _loops = loops.For(options, loops.SchedulingFor(OutboundEndPoint.Instance, options.Scheduling, logger));
        _socketOptions = EndPointConfiguration.ToSocketOptions(options);
        _timeout = options.ConnectTimeout;
    }

    /// <summary>Connects; its caller disposes the connection.</summary>
    public async Task<Connection> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_timeout, _surroundings.Clock);
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
                var addresses = await _surroundings.ResolveAsync(name, cancellationToken).ConfigureAwait(false);
                return addresses.Length > 0
                    ? await RaceAsync(addresses, name.Port, cancellationToken).ConfigureAwait(false)
                    : throw new SocketException((int)SocketError.HostNotFound, $"{name.Host} has no address.");

            case IPEndPoint or UnixDomainSocketEndPoint:
                return await ConnectToAsync(endPoint, cancellationToken).ConfigureAwait(false);

            default:
                throw new NotSupportedException(
                    $"The kqueue transport cannot connect to a {endPoint.GetType().Name}; give an IPEndPoint, a " +
                    "DnsEndPoint or a UnixDomainSocketEndPoint.");
        }
    }

    private Task<Connection> RaceAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken) =>
        AddressRace.RunAsync(
            AddressRace.InTurns(addresses),
            (address, token) => ConnectToAsync(new IPEndPoint(address, port), token),
            _surroundings.Clock,
            cancellationToken);

    private Task<Connection> ConnectToAsync(EndPoint endPoint, CancellationToken cancellationToken) =>
        ConnectAttempt.ConnectAsync(_loops.LeastLoaded(), endPoint, _socketOptions, cancellationToken);

    /// <summary>Stands for all outbound connections where a listener is named, in logs.</summary>
    private sealed class OutboundEndPoint : EndPoint
    {
        public static readonly OutboundEndPoint Instance = new();

        public override string ToString() => "outbound connections";
    }
}
