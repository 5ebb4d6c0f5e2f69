using System.Diagnostics.Metrics;
using KqueueTransport.Diagnostics;
using KqueueTransport.Diagnostics.Metrics;
using KqueueTransport.HandOver;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Connections.Contexts;

/// <summary>
/// The one set of event loops of a host, for its listeners and its outbound connections. They start with the first
/// that needs them, so that a host which uses neither has no threads for them.
/// </summary>
internal sealed class HostLoops : IDisposable
{
    private readonly Func<TransportLoops> _make;
    private readonly Lock _lock = new();

    // Under the lock, so that loops which nobody would end do not start beside or after Dispose.
    private TransportLoops? _loops;
    private bool _isDisposed;

    public HostLoops(
        IOptions<KqueueTransportOptions> options,
        ILoggerFactory loggerFactory,
        IMemoryPoolFactory<byte>? memoryPoolFactory = null,
        IMeterFactory? meterFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        Options = options.Value;
        Logger = new UnfailingLogger(loggerFactory.CreateLogger(TransportLog.Category));
        HandOver = Options is { HandOverPath: not null, Enabled: true, Backend.IsPresent: true } ? new() : null;
        _make = () => new TransportLoops(
            Options,
            Options.Backend.SocketsOf(Options.KernelQueue),
            Logger,
            memoryPoolFactory,
            meterFactory);
    }

    public KqueueTransportOptions Options { get; }

    public ILogger Logger { get; }

    /// <summary>The listen sockets that a successor can have; null where none is meant to.</summary>
    public HandOverListenSockets? HandOver { get; }

    /// <summary>The loops, running, unless they have ended.</summary>
    /// <exception cref="ObjectDisposedException">The host ended before anything needed them.</exception>
    public TransportLoops Loops
    {
        get
        {
            lock (_lock)
            {
                return _loops ??= !_isDisposed ? _make()
                    : throw new ObjectDisposedException(nameof(HostLoops), "The event loops have ended.");
            }
        }
    }

    /// <summary>The listeners that accept, in the order in which they were bound.</summary>
    public IReadOnlyList<IMeasuredListener> Listeners => _loops?.Metrics.Listeners() ?? [];

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _loops?.Dispose();
    }
}
