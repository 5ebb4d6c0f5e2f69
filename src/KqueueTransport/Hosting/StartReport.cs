using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Hosting;

/// <summary>Says in the log, once the host has started, what this transport serves, and what it does not read.</summary>
internal sealed class StartReport(HostLoops host, IEnumerable<IConfigureOptions<SocketTransportOptions>> unread)
    : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var endPoints = host.BoundEndPoints;
        if (endPoints.Count > 0)
        {
            TransportLog.Started(
                host.Logger,
                string.Join(", ", endPoints),
                host.Loops.LeastLoaded().Loop.BackendName,
                host.Options.LoopCount,
                host.Options.Scheduling);
            if (unread.Any())
            {
                TransportLog.SocketOptionsUnread(host.Logger);
            }
        }

        return Task.CompletedTask;
    }

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
