using Microsoft.AspNetCore.Connections;

namespace Proxy;

/// <summary>Outbound connections on the event loops of the inbound ones.</summary>
internal sealed class FactoryOutbound(IConnectionFactory factory, Target target) : IOutbound
{
    public async Task<OutboundConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = await factory.ConnectAsync(target.EndPoint, cancellationToken);
        return new OutboundConnection(
            connection.Transport,
            () => connection.Transport.Output.CompleteAsync(),
            connection.Abort,
            connection,
            connection.ConnectionClosed);
    }
}
