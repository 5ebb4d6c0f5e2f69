using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.OptionChecks;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Connections.Accepting;

/// <summary>Binds endpoints to the event loops of one host.</summary>
internal sealed class KqueueConnectionListenerFactory(HostLoops host)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private bool _hasSaidSo;

    /// <summary>
    /// Says which endpoints this transport binds. What it declines goes to the transport that was registered before it,
    /// which is Kestrel's Sockets transport in an ordinary application.
    /// </summary>
    public bool CanBind(EndPoint endpoint)
    {
        if (endpoint is not (IPEndPoint or UnixDomainSocketEndPoint or FileHandleEndPoint or VsockEndPoint))
        {
            return false;
        }

        if (host.Options is { Enabled: true, Backend.IsPresent: true })
        {
            return true;
        }

        if (!Interlocked.Exchange(ref _hasSaidSo, true))
        {
            if (host.Options.Enabled)
            {
                TransportLog.NoBackend(host.Logger, host.Options.Backend.MissingBecause);
            }
            else
            {
                TransportLog.SwitchedOff(host.Logger);
            }
        }

        return false;
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var options = OptionsFor(endpoint, host.Options);
        var loops = host.Loops;
        var socket = host.HandOver is { } handOver
            ? handOver.Listen(endpoint, options, loops.Calls)
            : loops.Calls.Listen(endpoint, options);
        KqueueConnectionListener listener;
        try
        {
            listener = new KqueueConnectionListener(socket, loops, options, host.Logger);
        }
        catch
        {
            // No memory, say. Nobody else has the socket, and the address would stay taken.
            socket.Dispose();
            throw;
        }

        listener.Start();
        host.HandOver?.OnBound(socket, listener.StopAccepting);
        return ValueTask.FromResult<IConnectionListener>(listener);
    }

    /// <summary>The options of one endpoint.</summary>
    /// <exception cref="OptionsValidationException">The endpoint's own options are wrong.</exception>
    private static KqueueEndPointOptions OptionsFor(EndPoint endPoint, KqueueTransportOptions options)
    {
        if (options.ConfigureEndPoint is not { } configure)
        {
            return options;
        }

        var own = options.Clone();
        configure(endPoint, own);
        var failures = new OptionFailures();
        EndPointOptionsCheck.Check(failures, own);
        return failures.Messages.Count == 0 ? own : throw new OptionsValidationException(
            endPoint.ToString()!,
            typeof(KqueueEndPointOptions),
            failures.Messages.Select(message => $"{nameof(options.ConfigureEndPoint)}, {endPoint}: {message}"));
    }
}
