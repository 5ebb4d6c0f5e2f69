using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>
/// Says in the log, once the host has started, what this transport serves, and what it does not read.
/// </summary>
internal sealed class StartReport(HostLoops host, IEnumerable<IConfigureOptions<SocketTransportOptions>> unread)
    : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var listeners = host.Listeners;
        if (listeners.Count > 0)
        {
            TransportLog.Started(
                host.Logger,
                string.Join(", ", listeners.Select(listener => $"{listener.EndPoint} ({listener.Scheduling})")),
                host.Loops.LessLoaded().Loop.BackendName,
                host.Options.LoopCount);
            if (unread.Any(IsOfTheApplication))
            {
                TransportLog.SocketOptionsUnread(host.Logger);
            }
        }

        return Task.CompletedTask;
    }

    // Kestrel gives its own transport the memory pool's factory in this way.
    private static bool IsOfTheApplication(IConfigureOptions<SocketTransportOptions> configure) =>
        configure is not ConfigureNamedOptions<SocketTransportOptions, IMemoryPoolFactory<byte>>;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
