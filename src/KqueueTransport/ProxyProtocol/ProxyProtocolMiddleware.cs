using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.ProxyProtocol;

/// <summary>
/// Takes the header from a connection's first bytes and gives the connection the end points that it names, before TLS
/// and HTTP see anything.
/// </summary>
internal sealed class ProxyProtocolMiddleware(
    ConnectionDelegate next, ProxyProtocolOptions options, TimeProvider clock, ILogger logger)
{
    private readonly IPNetwork[] _trusted = [.. options.TrustedNetworks];

    public async Task OnConnectionAsync(ConnectionContext connection)
    {
        if (IsTrusted(connection))
        {
            if (await ReadHeaderAsync(connection).ConfigureAwait(false) is not { } header)
            {
                return;
            }

            Apply(connection, header);
        }
        else if (!options.AllowDirectConnections)
        {
            Refuse(connection, "its peer is not among the trusted networks");
            return;
        }

        await next(connection).ConfigureAwait(false);
    }

    private bool IsTrusted(ConnectionContext connection)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address })
        {
            // A Unix socket's peer has no name as a rule.
            return connection.RemoteEndPoint is UnixDomainSocketEndPoint ||
                (connection.RemoteEndPoint is null && connection.LocalEndPoint is not IPEndPoint);
        }

        // An IPv6 socket has its IPv4 peers as ::ffff:192.0.2.1.
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(_trusted, network => network.Contains(plain) || network.Contains(address));
    }

    /// <summary>The header, taken from the input; null when there is none and the connection has ended.</summary>
    private async Task<ProxyProtocolHeader?> ReadHeaderAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var deadline = new CancellationTokenSource(options.Timeout, clock);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(deadline.Token).ConfigureAwait(false);
                var parsed = Take(input, result.Buffer, out var header);
                if (parsed == OperationStatus.Done)
                {
                    return header;
                }

                if (parsed == OperationStatus.InvalidData)
                {
                    Refuse(connection, "its first bytes are no header");
                    return null;
                }

                if (result.IsCompleted || result.IsCanceled)
                {
                    // The peer only looked whether somebody listens, or the server stops.
                    return null;
                }
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            Refuse(connection, $"no header came within {options.Timeout.TotalSeconds} s");
            return null;
        }
        catch (Exception error) when (error is IOException or SocketException or ConnectionAbortedException)
        {
            // A reset, or another end; the transport has logged it.
            return null;
        }
    }

    private OperationStatus Take(PipeReader input, ReadOnlySequence<byte> buffer, out ProxyProtocolHeader? header)
    {
        var head = buffer.Slice(0, Math.Min(buffer.Length, options.MaxHeaderSize));
        var bytes = head.IsSingleSegment ? head.First : head.ToArray();
        var parsed = ProxyProtocolHeader.Parse(bytes, out header, out var length);
        if (parsed == OperationStatus.NeedMoreData &&
            (length > options.MaxHeaderSize || bytes.Length == options.MaxHeaderSize))
        {
            parsed = OperationStatus.InvalidData;
        }

        var consumed = parsed == OperationStatus.Done ? buffer.GetPosition(length) : buffer.Start;
        input.AdvanceTo(consumed, parsed == OperationStatus.Done ? consumed : buffer.End);
        return parsed;
    }

    private static void Apply(ConnectionContext connection, ProxyProtocolHeader header)
    {
        connection.Features.Set<IProxyProtocolFeature>(
            new Feature(header, connection.RemoteEndPoint, connection.LocalEndPoint));
        if (header.Source is not null)
        {
            connection.RemoteEndPoint = header.Source;
            connection.LocalEndPoint = header.Destination;
        }
    }

    private void Refuse(ConnectionContext connection, string reason)
    {
        TransportLog.ProxyProtocolRefused(logger, connection.ConnectionId, connection.RemoteEndPoint, reason);
        connection.Abort(new ConnectionAbortedException($"The PROXY protocol refuses the connection: {reason}."));
    }

    private sealed record Feature(ProxyProtocolHeader Header, EndPoint? ProxyEndPoint, EndPoint? ListenEndPoint)
        : IProxyProtocolFeature;
}
