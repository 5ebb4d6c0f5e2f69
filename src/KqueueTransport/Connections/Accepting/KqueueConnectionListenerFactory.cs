using System.Net;
using KqueueTransport.Connections.Contexts;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections.Accepting;

/// <summary>Binds endpoints to the event loops of one host.</summary>
internal sealed class KqueueConnectionListenerFactory(HostLoops host)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly EndPointSelector _selector = new(host.Options, host.Logger);

    public bool CanBind(EndPoint endpoint) => _selector.CanBind(endpoint);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var options = EndPointConfiguration.OptionsFor(endpoint, host.Options);
        var loops = host.Loops;
        var listenOptions = EndPointConfiguration.ToListenOptions(options);
        var socket = host.HandOver is { } handOver
            ? handOver.Listen(endpoint, listenOptions, loops.Calls)
            : loops.Calls.Listen(endpoint, listenOptions);
        var listener = new KqueueConnectionListener(socket, loops, options, host.Logger);
        listener.Start();
        host.OnBound(listener.EndPoint);
        host.HandOver?.OnBound(socket, listener.StopAccepting);
        return ValueTask.FromResult<IConnectionListener>(listener);
    }
}
