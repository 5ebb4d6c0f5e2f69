using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Connections;

/// <summary>Binds endpoints to the event loops of one server.</summary>
internal sealed class KqueueConnectionListenerFactory :
    IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly KqueueTransportOptions _options;
    private readonly ILogger _logger;
    private readonly EndPointSelector _selector;

    // Made with the first endpoint, so that a factory that binds nothing costs no threads.
    private readonly Lazy<TransportLoops> _loops;

    public KqueueConnectionListenerFactory(
        IOptions<KqueueTransportOptions> options,
        ILoggerFactory loggerFactory,
        IMemoryPoolFactory<byte>? memoryPoolFactory = null,
        IMeterFactory? meterFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        _options = options.Value;
        _logger = loggerFactory.CreateLogger(TransportLog.Category);
        _selector = new EndPointSelector(_options.Backend, _logger);
        _loops = new Lazy<TransportLoops>(
            () => new TransportLoops(_options, SystemSocketCalls.Instance, _logger, memoryPoolFactory, meterFactory));
    }

    public bool CanBind(EndPoint endpoint) => _selector.CanBind(endpoint);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var options = EndPointConfiguration.OptionsFor(endpoint, _options);
        var loops = _loops.Value;
        var socket = loops.Calls.Listen(endpoint, EndPointConfiguration.ToListenOptions(options));
        var listener = new KqueueConnectionListener(socket, loops, _options.Scheduling, options, _logger);
        listener.Start();
        return ValueTask.FromResult<IConnectionListener>(listener);
    }

    public void Dispose()
    {
        if (_loops.IsValueCreated)
        {
            _loops.Value.Dispose();
        }
    }
}
