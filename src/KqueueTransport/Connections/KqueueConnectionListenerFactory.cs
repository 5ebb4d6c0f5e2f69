using System.Buffers;
using System.Net;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Connections;

/// <summary>Binds endpoints to the event loops of one server.</summary>
internal sealed class KqueueConnectionListenerFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly EndPointSelector _selector;

    public KqueueConnectionListenerFactory(
        IOptions<KqueueTransportOptions> options,
        ILoggerFactory loggerFactory,
        IMemoryPoolFactory<byte>? memoryPoolFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        _selector = new EndPointSelector(options.Value.Backend, loggerFactory.CreateLogger(TransportLog.Category));
    }

    public bool CanBind(EndPoint endpoint) => _selector.CanBind(endpoint);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("This transport cannot bind an endpoint.");
}
