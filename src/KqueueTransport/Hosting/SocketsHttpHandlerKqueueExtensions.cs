using KqueueTransport;
using Microsoft.AspNetCore.Connections;

namespace System.Net.Http;

/// <summary>Puts an <see cref="HttpClient"/> on a connection factory.</summary>
public static class SocketsHttpHandlerKqueueExtensions
{
    /// <summary>
    /// Makes the handler take its connections from a connection factory. HTTP/1.1, HTTP/2 and TLS work as ever; a proxy
    /// is connected to in the same way.
    /// </summary>
    /// <param name="handler">The handler, not in use yet.</param>
    /// <param name="factory">Such as <see cref="KqueueTransport.KqueueConnectionFactory"/>.</param>
    /// <returns>The handler.</returns>
    public static SocketsHttpHandler UseConnectionFactory(this SocketsHttpHandler handler, IConnectionFactory factory)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(factory);
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var connection = await factory.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return connection.AsStream();
        };
        return handler;
    }
}
