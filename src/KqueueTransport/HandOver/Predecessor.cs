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

    // Another successor may be starting, behind which this one waits.
    private static readonly TimeSpan s_answerTime = TimeSpan.FromSeconds(30);

    private readonly Socket _link;
    private readonly string _path;

    // By the names of the endpoints; several may have been asked for by the same one, with port 0. Under the lock.
    private readonly List<(string Name, int Descriptor)> _sockets;

    private Predecessor(Socket link, string path, List<(string Name, int Descriptor)> sockets) =>
        (_link, _path, _sockets) = (link, path, sockets);

    /// <summary>Takes the sockets of the server at a path; null where none is there, or has just ended.</summary>
    /// <exception cref="IOException">Who answers there is no server of this kind, or not this user's.</exception>
    public static async Task<Predecessor?> FindAsync(string path, CancellationToken cancellationToken)
    {
        var link = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_answerTime);
            if (await ReceiveAsync(link, path, limit.Token).ConfigureAwait(false) is { } sockets)
            {
                return new Predecessor(link, path, sockets);
            }

            link.Dispose();
            return null;
        }
        catch (Exception error)
        {
            link.Dispose();
            throw error switch
            {
                OperationCanceledException when !cancellationToken.IsCancellationRequested =>
                    Failure(path, "It did not answer in time.", error),
                InvalidDataException or SocketException => Failure(path, error.Message, error),
                _ => error,
            };
        }
    }

    /// <summary>The listen socket of an endpoint, which is the caller's then; null where there is none.</summary>
    public int? Take(string name)
    {
        lock (_sockets)
        {
            var index = _sockets.FindIndex(entry => entry.Name == name);
            if (index < 0)
            {
                return null;
            }

            var descriptor = _sockets[index].Descriptor;
            _sockets.RemoveAt(index);
            return descriptor;
        }
    }

    /// <summary>Tells it that this process serves, and waits until it has stopped accepting, or is gone.</summary>
    public async Task ReplaceAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_answerTime);
        try
        {
            await _link.SendAsync(new[] { HandOverMessage.Serving }, limit.Token).ConfigureAwait(false);
            await _link.ReceiveAsync(new byte[1], limit.Token).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // It is gone, and its sockets are here.
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failure(_path, "It does not stop.", error);
        }
    }

    /// <summary>Closes what nobody has taken, and lets the predecessor go on if it has not been replaced.</summary>
    public void Dispose()
    {
        _link.Dispose();
        lock (_sockets)
        {
            _sockets.ForEach(entry => SystemSocketCalls.Instance.Close(entry.Descriptor));
            _sockets.Clear();
        }
    }

    private static async Task<List<(string Name, int Descriptor)>?> ReceiveAsync(
        Socket link, string path, CancellationToken cancellationToken)
    {
        try
        {
            await link.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException error) when (error.SocketErrorCode is
            SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            return null; // Nothing at the path, or what a server has left behind that crashed.
        }

        if (!UnixSocketCalls.IsOwnUser(link))
        {
            throw new InvalidDataException("It is another user's.");
        }

        var buffer = new byte[HandOverMessage.BytesMax];
        await link.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        var first = UnixSocketCalls.Receive(link, buffer, out var sockets, out var isTruncated);
        try
        {
            if (first.IsError || first.Value == 0)
            {
                return null; // It ended before it answered.
            }

            if (isTruncated)
            {
                throw new InvalidDataException(
                    "Its sockets are more than this process may open: raise its limit (ulimit -n).");
            }

            var count = await ReceiveToAsync(link, buffer, first.Value, HandOverMessage.HeaderBytes, cancellationToken)
                .ConfigureAwait(false);
            var length = HandOverMessage.LengthOf(buffer);
            await ReceiveToAsync(link, buffer, count, length, cancellationToken).ConfigureAwait(false);
            var names = HandOverMessage.Decode(buffer[..length]);
            if (names.Count != sockets.Count)
            {
                throw new InvalidDataException($"It sends {names.Count} names for {sockets.Count} sockets.");
            }

            var named = names.Zip(sockets).ToList();
            sockets.Clear();
            return named;
        }
        finally
        {
            sockets.ForEach(descriptor => SystemSocketCalls.Instance.Close(descriptor));
        }
    }

    private static async Task<int> ReceiveToAsync(
        Socket link, byte[] buffer, int count, int length, CancellationToken cancellationToken)
    {
        while (count < length)
        {
            var received = await link.ReceiveAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false);
            count += received > 0 ? received : throw new InvalidDataException("It ended in the middle of its message.");
        }

        return count;
    }

    private static IOException Failure(string path, string reason, Exception error) => new(
        $"The listen sockets of the server at {path} cannot be taken over: {reason} Stop it, or choose another " +
        $"{nameof(KqueueTransportOptions.HandOverPath)}.",
        error);
}
