using System.Net;
using KqueueTransport.Diagnostics;
using KqueueTransport.ProxyProtocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.AspNetCore.Connections;

/// <summary>The PROXY protocol on an endpoint, and on outbound connections.</summary>
public static class ProxyProtocolExtensions
{
    /// <summary>
    /// Takes the PROXY protocol, version 1 or 2, from the connections of an endpoint: their end points become those
    /// that the proxy names, and <see cref="IProxyProtocolFeature"/> tells of the proxy. Call it before
    /// <c>UseHttps</c>, since the header comes before TLS.
    /// </summary>
    /// <typeparam name="TBuilder">Kestrel's <c>ListenOptions</c>, or another connection builder.</typeparam>
    /// <param name="builder">The endpoint.</param>
    /// <param name="configure">
    /// Sets from whom it is taken; null takes the defaults, which are proxies on loopback.
    /// </param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message says what to write.</exception>
    /// <remarks>
    /// Every connection of a trusted network has to begin with a header: who could leave it out could pass for the
    /// proxy. It works on every transport.
    /// </remarks>
    public static TBuilder UseProxyProtocol<TBuilder>(
        this TBuilder builder, Action<ProxyProtocolOptions>? configure = null)
        where TBuilder : IConnectionBuilder
    {
        var options = new ProxyProtocolOptions();
        configure?.Invoke(options);
        options.Check();
        var services = builder.ApplicationServices;
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(TransportLog.Category);
        var clock = services.GetService<TimeProvider>() ?? TimeProvider.System;
        builder.Use(next => new ProxyProtocolMiddleware(next, options, clock, logger).OnConnectionAsync);
        return builder;
    }

    /// <summary>
    /// Connects and sends a header first, so that the peer takes the connection for that of a client.
    /// </summary>
    /// <param name="factory">What connects.</param>
    /// <param name="endpoint">To what.</param>
    /// <param name="header">What it says.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection, which the caller disposes.</returns>
    public static async ValueTask<ConnectionContext> ConnectAsync(
        this IConnectionFactory factory,
        EndPoint endpoint,
        ProxyProtocolHeader header,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(header);
        var connection = await factory.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
        try
        {
            header.WriteTo(connection.Transport.Output);
            await connection.Transport.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
