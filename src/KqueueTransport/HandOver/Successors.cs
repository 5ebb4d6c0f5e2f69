using System.Net.Sockets;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.HandOver;

/// <summary>
/// Those who ask at the path: each is answered at once, and has the listen sockets once this host serves. The first one
/// that serves replaces it, and the others are told. Who never does, or is silent, holds up nobody.
/// </summary>
internal sealed class Successors : IDisposable
{
    private readonly ListenSocket _path;
    private readonly HandOverListenSockets _sockets;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly Func<Task> _leave;
    private readonly TaskCompletionSource _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Nobody may ask any more: this host stops, or is replaced. Not disposed, because WebApplicationFactory disposes a
    // host that the application's own Main then stops.
    private readonly CancellationTokenSource _over = new();
    private readonly Socket _socket;
    private readonly Task _accepting;

    // Why the last one has got nothing; null since one has got the sockets. Interlocked.
    private string? _failure;

    // 1 once a successor serves. Interlocked.
    private int _isReplaced;

    // 1 once the path is left. Interlocked.
    private int _isDisposed;

    /// <param name="path">The socket at the path, which this owns.</param>
    /// <param name="name">The path.</param>
    /// <param name="sockets">What is handed over.</param>
    /// <param name="leave">Ends this host once it is replaced.</param>
    /// <param name="logger">Told of those that fail.</param>
    public Successors(
        ListenSocket path, string name, HandOverListenSockets sockets, Func<Task> leave, ILogger logger)
    {
        (_path, _name, _sockets, _leave, _logger) = (path, name, sockets, leave, logger);
        _socket = new Socket(new SafeSocketHandle(path.Descriptor, ownsHandle: false));
        _accepting = AcceptAsync();
    }

    private CancellationToken IsOver => _over.Token;

    /// <summary>This host serves: whoever asks may have its sockets.</summary>
    public void OnServing() => _serving.TrySetResult();

    /// <summary>Answers nobody any more, and leaves the path.</summary>
    public async Task StopAsync()
    {
        await _over.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        Dispose();
    }

    /// <summary>Stops as far as that needs no waiting.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        _over.Cancel();
        if (_sockets.AreElsewhere)
        {
            // Not disposed, which would make the successor's socket a blocking one.
            _socket.SafeHandle.SetHandleAsInvalid();
            _path.Leave();
        }
        else
        {
            _socket.Dispose();
            _path.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        var asking = new List<Task>();
        try
        {
            while (true)
            {
                if (await TryAcceptAsync().ConfigureAwait(false) is { } link)
                {
                    asking.RemoveAll(static task => task.IsCompleted);
                    asking.Add(AnswerAsync(link));
                }
                else
                {
                    await Task.Delay(Times.Retry, IsOver).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
        catch (Exception error)
        {
            // Nobody takes over any more; the server serves.
            TransportLog.UnexpectedException(_logger, $"the hand-over at {_name}", error);
        }

        await Task.WhenAll(asking).ConfigureAwait(false);
    }

    // Null where the process is at its limit of descriptors, or the kernel short of memory: both pass.
    private async Task<Socket?> TryAcceptAsync()
    {
        try
        {
            return await _socket.AcceptAsync(IsOver).ConfigureAwait(false);
        }
        catch (SocketException error) when (!IsOver.IsCancellationRequested)
        {
            OnFailed(error.Message);
            return null;
        }
    }

    private async Task AnswerAsync(Socket link)
    {
        using var ended = link;
        var hasSockets = false;
        try
        {
            if (!SystemSocketCalls.Instance.IsOwnUser(link))
            {
                throw new IOException("the process that asks is another user's");
            }

            await link.SendAsync(HandOverMessage.Greeting, IsOver).ConfigureAwait(false);
            await _serving.Task.WaitAsync(IsOver).ConfigureAwait(false);
            var (message, sent) = Send(link);
            hasSockets = true;
            Volatile.Write(ref _failure, null);
            await link.SendAsync(message.AsMemory(sent), IsOver).ConfigureAwait(false);
            var answer = new byte[1];
            if (await link.ReceiveAsync(answer, IsOver).ConfigureAwait(false) == 0 ||
                answer[0] != HandOverMessage.Serving || HasEnded(link))
            {
                throw new IOException("the process that takes over has ended");
            }

            if (Interlocked.Exchange(ref _isReplaced, 1) == 0)
            {
                await BeReplacedByAsync(link).ConfigureAwait(false);
            }
            else
            {
                TrySend(link, HandOverMessage.Replaced);
            }
        }
        catch (OperationCanceledException)
        {
            if (Volatile.Read(ref _isReplaced) != 0)
            {
                TrySend(link, HandOverMessage.Replaced);
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            OnFailed(error.Message);
            if (hasSockets)
            {
                _sockets.RemoveElsewhere();
            }
        }
    }

    // Who gets nothing asks again at once, and the log has why once.
    private void OnFailed(string reason)
    {
        if (Interlocked.Exchange(ref _failure, reason) != reason)
        {
            TransportLog.HandOverFailed(_logger, _name, reason);
        }
    }

    // From here on it leaves everything to the other, which may still die: as if that had happened a moment later.
    private async Task BeReplacedByAsync(Socket link)
    {
        await _over.CancelAsync().ConfigureAwait(false);
        _sockets.StopAccepting();
        TrySend(link, HandOverMessage.Stopping);
        TransportLog.HandsOver(_logger, _name);
        await _leave().ConfigureAwait(false);
    }

    private (byte[] Message, int Sent) Send(Socket link) => _sockets.Send(named =>
    {
        var message = HandOverMessage.Encode([Predecessor.PathName, .. named.Select(entry => entry.Name)]);
        var sent = SystemSocketCalls.Instance.SendDescriptors(
            link, message, [_path.Descriptor, .. named.Select(entry => entry.Descriptor)]);
        return sent.IsError
            ? throw new IOException($"sending the sockets failed with {sent.Error}")
            : (message, sent.Value);
    });

    private static bool HasEnded(Socket link) => link.Poll(0, SelectMode.SelectRead) && link.Available == 0;

    private static void TrySend(Socket link, byte what)
    {
        try
        {
            link.Send([what]);
        }
        catch (SocketException)
        {
            // It has just ended.
        }
    }
}
