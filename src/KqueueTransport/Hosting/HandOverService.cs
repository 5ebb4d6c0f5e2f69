using System.Net.Sockets;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.HandOver;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting;

namespace KqueueTransport.Hosting;

/// <summary>
/// Replaces the server at <see cref="KqueueTransportOptions.HandOverPath"/> by this one, and waits there for the next:
/// takes its listen sockets before anything is bound, tells it to stop once this host has started, and is told so in
/// its turn.
/// </summary>
internal sealed class HandOverService(HostLoops host, IHostApplicationLifetime lifetime, TimeProvider? clock = null)
    : IHostedLifecycleService, IDisposable
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private Successors? _successors;

    private string Path => host.Options.HandOverPath!;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (host.HandOver is not { } sockets)
        {
            return;
        }

        try
        {
            sockets.Predecessor = await FindOrListenAsync(sockets, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            // The path is somebody else's, and this server starts as if it had none.
            TransportLog.HandOverFailed(host.Logger, Path, error.Message);
        }
    }

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        if (host.HandOver is not { } sockets)
        {
            return;
        }

        if (host.Listeners.Count == 0)
        {
            await StandAsideAsync(sockets).ConfigureAwait(false);
            return;
        }

        if (sockets.Predecessor is { } predecessor &&
            await TryReplaceAsync(predecessor, sockets, cancellationToken).ConfigureAwait(false))
        {
            TransportLog.TookOver(host.Logger, sockets.TakenOverCount, Path);
        }

        _successors?.OnServing();
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => _successors?.StopAsync() ?? Task.CompletedTask;

    public void Dispose()
    {
        host.HandOver?.Predecessor?.Dispose();
        _successors?.Dispose();
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The server that this one replaces, or null: then it listens at the path. It answers there from now on, so that
    // another one that starts meanwhile waits for this one, instead of for its addresses.
    private async Task<Predecessor?> FindOrListenAsync(
        HandOverListenSockets sockets, CancellationToken cancellationToken)
    {
        for (var isLastTry = false; ; isLastTry = true)
        {
            if (await Predecessor.FindAsync(Path, _clock, cancellationToken).ConfigureAwait(false) is { } found)
            {
                sockets.AddElsewhere();
                return found;
            }

            try
            {
                Listen(sockets, taken: null);
                return null;
            }
            catch (AddressInUseException) when (!isLastTry)
            {
                // Another one has begun to listen just now, and is found; unless the path is no server's.
            }
        }
    }

    // False where it does not stop.
    private async Task<bool> TryReplaceAsync(
        Predecessor predecessor, HandOverListenSockets sockets, CancellationToken cancellationToken)
    {
        try
        {
            while (!await predecessor.TryReplaceAsync(_clock, cancellationToken).ConfigureAwait(false))
            {
                // Who was quicker may have stopped already, and has deleted the file at the path then.
                var next = await FindOrListenAsync(sockets, cancellationToken).ConfigureAwait(false);
                LetGoOf(predecessor, sockets);
                if (next is null)
                {
                    return true;
                }

                sockets.Predecessor = predecessor = next;
            }

            Listen(sockets, predecessor.Take(Predecessor.PathName));
            LetGoOf(predecessor, sockets);
            return true;
        }
        catch (TimeoutException error)
        {
            // Both serve. Not disposed, by which it would take this process for one that has died.
            TransportLog.HandOverFailed(host.Logger, Path, error.Message);
            Listen(sockets, predecessor.Take(Predecessor.PathName));
            _ = WaitForStopAsync(predecessor, sockets);
            return false;
        }
    }

    // It may stop yet, and then the sockets are this process's alone.
    private static async Task WaitForStopAsync(Predecessor predecessor, HandOverListenSockets sockets)
    {
        if (await predecessor.WaitForStopAsync().ConfigureAwait(false))
        {
            sockets.RemoveElsewhere();
        }
    }

    private static void LetGoOf(Predecessor predecessor, HandOverListenSockets sockets)
    {
        predecessor.Dispose();
        sockets.Predecessor = null;
        sockets.RemoveElsewhere();
    }

    // A host that serves nothing, as WebApplicationFactory's, which starts an application with a server in memory,
    // replaces none, and nobody has to replace it.
    private async Task StandAsideAsync(HandOverListenSockets sockets)
    {
        if (sockets.Predecessor is { } predecessor)
        {
            LetGoOf(predecessor, sockets);
        }

        await (_successors?.StopAsync() ?? Task.CompletedTask).ConfigureAwait(false);
    }

    private void Listen(HandOverListenSockets sockets, int? taken)
    {
        var path = SystemSocketCalls.Instance.Listen(
            new UnixDomainSocketEndPoint(Path),
            new KqueueTransportOptions { UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite },
            taken);
        _successors = new Successors(path, Path, sockets, LeaveAsync, host.Logger);
    }

    private async Task LeaveAsync()
    {
        try
        {
            // Kestrel ends, as it stops, connections that it has no request of. So it goes on for a while without new
            // ones.
            await Task.Delay(Times.LastRequests, lifetime.ApplicationStopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It stops already.
        }

        lifetime.StopApplication();
    }
}
