using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.OptionChecks;
using KqueueTransport.Outbound;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KqueueTransport;

/// <summary>
/// Makes outbound connections on the event loops: the same connections, with the same pipes and options, as those that
/// a listener accepts. From <c>AddKqueueConnectionFactory</c> it shares the loops of its host's listeners.
/// </summary>
public sealed class KqueueConnectionFactory : IConnectionFactory, IDisposable
{
    private readonly HostLoops _host;
    private readonly bool _ownsHost;
    private readonly Lazy<Connector> _connector;

    /// <summary>Makes a factory with event loops of its own, which start with the first connection.</summary>
    /// <param name="options">How; null takes the defaults. Read once.</param>
    /// <param name="loggerFactory">Where connections log; null is nowhere.</param>
    /// <exception cref="OptionsValidationException">
    /// An option is out of range; the message says what to write.
    /// </exception>
    public KqueueConnectionFactory(KqueueTransportOptions? options = null, ILoggerFactory? loggerFactory = null)
        : this(new HostLoops(
            Options.Create(Check(options ?? new KqueueTransportOptions())),
            loggerFactory ?? NullLoggerFactory.Instance)) => _ownsHost = true;

    internal KqueueConnectionFactory(HostLoops host)
    {
        _host = host;

        // Loops that could not be started are tried again: an exception is not kept.
        _connector = new Lazy<Connector>(
            () => new Connector(host.Loops, host.Options, host.Logger), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>Connects.</summary>
    /// <param name="endpoint">
    /// An <see cref="IPEndPoint"/>, a <see cref="DnsEndPoint"/>, whose addresses of both families are raced (RFC 8305),
    /// a <see cref="UnixDomainSocketEndPoint"/> or, on Linux, a <see cref="VsockEndPoint"/>.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The connection, which the caller disposes. That does not wait for the peer: what was flushed, and a flush that
    /// pends, go on until the peer has all, or has taken nothing for <see cref="KqueueTransportOptions.DrainTimeout"/>,
    /// after which the connection is aborted. To know that the peer's kernel takes it, await the flush first; that
    /// nothing more is sent, call <see cref="ConnectionContext.Abort()"/>.
    /// </returns>
    /// <exception cref="SocketException">
    /// Refused, unreachable, unknown, or not answered within <see cref="KqueueTransportOptions.ConnectTimeout"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before it was connected.</exception>
    /// <exception cref="NotSupportedException">
    /// An endpoint of another kind, or an option that this system does not have.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This platform has no kernel event queue.</exception>
    /// <exception cref="KernelQueueException">
    /// It is the first that needs the event loops, and the kernel has no queue for them, as for want of descriptors.
    /// The next call tries again.
    /// </exception>
    /// <exception cref="OptionsValidationException">
    /// It is the first that needs the event loops, and one of <see cref="KqueueTransportOptions.LoopProcessors"/> is
    /// not there.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// It is the first that needs the event loops, and the system has no thread for one.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The event loops ended before it was connected.</exception>
    public async ValueTask<ConnectionContext> ConnectAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var backend = _host.Options.Backend;
        if (!backend.IsPresent)
        {
            throw new PlatformNotSupportedException(
                $"The kqueue transport cannot connect here; use Socket instead. {backend.MissingBecause}");
        }

        return await _connector.Value.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Connects, for a client that is written against streams.</summary>
    /// <param name="endpoint">As <see cref="ConnectAsync"/> takes it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection as a stream. Writes are flushed at once; disposing it closes the connection.</returns>
    /// <exception cref="SocketException">As <see cref="ConnectAsync"/>, which has the others, too.</exception>
    public async ValueTask<Stream> ConnectStreamAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new ConnectionStream(await ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Ends the event loops, if they are this factory's own; those of a host end with the host. Connections that are
    /// being made are given up. Dispose those that are made first.
    /// </summary>
    public void Dispose()
    {
        if (_ownsHost)
        {
            _host.Dispose();
        }
    }

    private static KqueueTransportOptions Check(KqueueTransportOptions options)
    {
        var checkedOptions = new KqueueTransportOptionsValidation().Validate(name: null, options);
        return checkedOptions.Failed
            ? throw new OptionsValidationException(
                string.Empty, typeof(KqueueTransportOptions), checkedOptions.Failures)
            : options;
    }
}
