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
internal sealed class HandOverService(HostLoops host, IHostApplicationLifetime lifetime)
    : IHostedLifecycleService, IDisposable
{
    // Kestrel ends, as it stops, connections that it has no request of. So it goes on for a while without new ones:
    // those that were accepted last have sent their requests by then.
    private static readonly TimeSpan s_lastRequests = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Socket? _pathSocket;
    private ListenSocket? _path;
    private Task _serving = Task.CompletedTask;

    private string Path => host.Options.HandOverPath!;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (host.HandOver is not { } sockets)
        {
            return;
        }

        sockets.Predecessor = await FindOrListenAsync(cancellationToken).ConfigureAwait(false);
        sockets.AreElsewhere = sockets.Predecessor is not null;
    }

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        if (host.HandOver is not { } sockets)
        {
            return;
        }

        if (sockets.Predecessor is { } predecessor)
        {
            await predecessor.ReplaceAsync(cancellationToken).ConfigureAwait(false);
            Listen(predecessor.Take(Predecessor.PathName));
            predecessor.Dispose();
            sockets.Predecessor = null;
            sockets.AreElsewhere = false;
            TransportLog.TookOver(host.Logger, sockets.TakenOverCount, Path);
        }

        _serving = ServeAsync(_pathSocket!, sockets);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _serving.ConfigureAwait(false);
        ClosePath();
    }

    public void Dispose()
    {
        host.HandOver?.Predecessor?.Dispose();
        ClosePath();
        _stopping.Dispose();
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The server that this one replaces, or null: then it listens at the path. Not served yet, so that another one that
    // starts meanwhile waits for this one, instead of for its addresses.
    private async Task<Predecessor?> FindOrListenAsync(CancellationToken cancellationToken)
    {
        for (var isLastTry = false; ; isLastTry = true)
        {
            if (await Predecessor.FindAsync(Path, cancellationToken).ConfigureAwait(false) is { } found)
            {
                return found;
            }

            try
            {
                Listen(taken: null);
                return null;
            }
            catch (AddressInUseException) when (!isLastTry)
            {
                // Another one has begun to listen just now, and is found; unless the path is no server's.
            }
        }
    }

    private void Listen(int? taken)
    {
        _path = SystemSocketCalls.Instance.Listen(
            new UnixDomainSocketEndPoint(Path),
            new ListenSocketOptions(Backlog: 8, new SocketOptions(NoDelay: false))
            {
                UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                TakenOver = taken,
            });
        _pathSocket = new Socket(new SafeSocketHandle(_path.Descriptor, ownsHandle: false));
    }

    // One successor at a time: the next one waits in the queue of the path's socket, which goes over with the others.
    private async Task ServeAsync(Socket path, HandOverListenSockets sockets)
    {
        try
        {
            while (!sockets.AreElsewhere)
            {
                using var link = await path.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                await ServeOneAsync(link, sockets).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
        catch (Exception error)
        {
            // Nobody takes over any more; the server serves.
            TransportLog.UnexpectedException(host.Logger, $"the hand-over at {Path}", error);
        }
    }

    private async Task ServeOneAsync(Socket link, HandOverListenSockets sockets)
    {
        try
        {
            if (!UnixSocketCalls.IsOwnUser(link))
            {
                TransportLog.HandOverFailed(host.Logger, Path, "the process that asks is another user's");
                return;
            }

            await SendAsync(link, sockets).ConfigureAwait(false);
            var answer = new byte[1];
            if (await link.ReceiveAsync(answer, _stopping.Token).ConfigureAwait(false) == 1 &&
                answer[0] == HandOverMessage.Serving)
            {
                sockets.StopAccepting();
                await link.SendAsync(new[] { HandOverMessage.Stopping }, _stopping.Token).ConfigureAwait(false);
                TransportLog.HandsOver(host.Logger, Path);
                await Task.Delay(s_lastRequests, _stopping.Token).ConfigureAwait(false);
                lifetime.StopApplication();
                return;
            }

            TransportLog.HandOverFailed(host.Logger, Path, "the process that takes over has ended");
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            TransportLog.HandOverFailed(host.Logger, Path, error.Message);
        }

        sockets.AreElsewhere = false;
    }

    private async Task SendAsync(Socket link, HandOverListenSockets sockets)
    {
        byte[] message = [];
        var sent = sockets.Send(named =>
        {
            if (named.Count >= UnixSocketCalls.DescriptorsMax)
            {
                throw new IOException($"{named.Count} listen sockets are more than one message may carry.");
            }

            message = HandOverMessage.Encode([Predecessor.PathName, .. named.Select(entry => entry.Name)]);
            return UnixSocketCalls.Send(
                link, message, [_path!.Descriptor, .. named.Select(entry => entry.Descriptor)]);
        });
        if (sent.IsError)
        {
            throw new IOException($"sending the sockets failed with {sent.Error}");
        }

        if (sent.Value < message.Length)
        {
            await link.SendAsync(message.AsMemory(sent.Value), _stopping.Token).ConfigureAwait(false);
        }
    }

    private void ClosePath()
    {
        if (host.HandOver is { AreElsewhere: true })
        {
            // Not disposed, which would make the successor's socket a blocking one.
            _pathSocket?.SafeHandle.SetHandleAsInvalid();
            _path?.Leave();
        }
        else
        {
            _pathSocket?.Dispose();
            _path?.Dispose();
        }

        (_pathSocket, _path) = (null, null);
    }
}
