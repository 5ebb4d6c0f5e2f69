using System.Net.Sockets;
using KqueueTransport.Sockets;

namespace KqueueTransport.HandOver;

/// <summary>
/// The server that this process replaces: it has sent its listen sockets, and goes on serving them, until it is told
/// that this one serves. Until then either of the two may end, and the other has everything.
/// </summary>
internal sealed class Predecessor : IDisposable
{
    // The name of the socket at the path, which is handed over like the others, so that the path is never without one.
    public const string PathName = "";

    // Who is there says so at once, even where its thread pool is busy; whoever else listens there may be silent.
    private static readonly TimeSpan s_greetingTime = TimeSpan.FromSeconds(5);

    private readonly Socket _link;

    private readonly ReceivedSockets _sockets;

    // Completes when it answers that this process serves, which may be late.
    private Task<bool>? _stopping;

    private Predecessor(Socket link, ReceivedSockets sockets) => (_link, _sockets) = (link, sockets);

    /// <summary>Takes the sockets of the server at a path; null where none is there.</summary>
    /// <exception cref="IOException">Who answers there is no server of this kind, or not this user's.</exception>
    /// <exception cref="TimeoutException">Who listens there does not answer.</exception>
    public static async Task<Predecessor?> FindAsync(
        string path, TimeProvider clock, CancellationToken cancellationToken)
    {
        // It may be starting itself.
        using var limit = new CancellationTokenSource(Times.Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            var link = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            Predecessor? found = null;
            try
            {
                if (!await TryConnectAsync(link, path, either.Token).ConfigureAwait(false))
                {
                    return null;
                }

                if (await IsGreetedAsync(link, clock, either.Token).ConfigureAwait(false) &&
                    await ReceivedSockets.ReceiveAsync(link, either.Token).ConfigureAwait(false) is { } sockets)
                {
                    return found = new Predecessor(link, sockets);
                }

                // It has just ended, or has been replaced.
                await Task.Delay(Times.Retry, clock, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException("who listens there does not answer", error);
            }
            catch (Exception error) when (error is InvalidDataException or SocketException)
            {
                throw new IOException(
                    $"The listen sockets of the server at {path} cannot be taken over: {error.Message} Stop it, or " +
                    $"choose another {nameof(KqueueTransportOptions.HandOverPath)}.",
                    error);
            }
            finally
            {
                if (found is null)
                {
                    link.Dispose();
                }
            }
        }
    }

    /// <summary>The listen socket of an endpoint, which is the caller's then; null where there is none.</summary>
    public int? Take(string name) => _sockets.Take(name);

    /// <summary>Tells it that this process serves, and waits until it has stopped accepting, or is gone.</summary>
    /// <returns>False where another server has replaced it meanwhile, and is the one to replace.</returns>
    /// <exception cref="TimeoutException">It does not stop: both serve, until it hears of this.</exception>
    public async Task<bool> TryReplaceAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            _link.Send([HandOverMessage.Serving]);
        }
        catch (SocketException)
        {
            // It has ended. What it has said before can be read all the same.
        }

        _stopping = IsStoppingAsync();
        try
        {
            return await _stopping.WaitAsync(Times.Patience, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException("the server that has them does not stop", error);
        }
    }

    /// <summary>After <see cref="TryReplaceAsync"/>: waits for the same, however long that takes.</summary>
    /// <returns>False also where this one is disposed first.</returns>
    public Task<bool> WaitForStopAsync() => _stopping!;

    /// <summary>Closes what nobody has taken, and lets the predecessor go on if it has not been replaced.</summary>
    public void Dispose()
    {
        _link.Dispose();
        _sockets.Dispose();
    }

    private async Task<bool> IsStoppingAsync()
    {
        var answer = new byte[1];
        try
        {
            return await _link.ReceiveAsync(answer, CancellationToken.None).ConfigureAwait(false) == 0 ||
                answer[0] != HandOverMessage.Replaced;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode != SocketError.OperationAborted; // Its sockets are here.
        }
    }

    private static async Task<bool> TryConnectAsync(Socket link, string path, CancellationToken cancellationToken)
    {
        try
        {
            await link.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException error) when (error.SocketErrorCode is
            SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            return false; // Nothing at the path, or what a server has left behind that crashed.
        }

        return SystemSocketCalls.Instance.IsOwnUser(link)
            ? true
            : throw new InvalidDataException("It is another user's.");
    }

    private static async Task<bool> IsGreetedAsync(
        Socket link, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(s_greetingTime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var greeting = new byte[HandOverMessage.Greeting.Length];
        return await HandOverMessage.TryReceiveAsync(link, greeting, 0, either.Token).ConfigureAwait(false) &&
            (HandOverMessage.Greeting.Span.SequenceEqual(greeting) ? true : throw HandOverMessage.IsNone());
    }
}
