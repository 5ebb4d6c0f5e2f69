using System.Net;

namespace KqueueTransport.ProxyProtocol;

/// <summary>
/// What a connection that came through a proxy knows of it: a feature of the connection, and of each HTTP request on
/// it, where <c>UseProxyProtocol</c> has read a header.
/// </summary>
public interface IProxyProtocolFeature
{
    /// <summary>What the proxy said.</summary>
    ProxyProtocolHeader Header { get; }

    /// <summary>The proxy: the peer of the connection itself.</summary>
    EndPoint? ProxyEndPoint { get; }

    /// <summary>What the proxy has connected to: the near end of the connection itself.</summary>
    EndPoint? ListenEndPoint { get; }
}
