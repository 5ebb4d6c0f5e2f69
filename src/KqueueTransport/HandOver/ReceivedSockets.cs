using System.Net.Sockets;
using KqueueTransport.Sockets;

namespace KqueueTransport.HandOver;

/// <summary>
/// The listen sockets that a server has sent, by the names of their endpoints. Each is taken once, and closed where
/// nobody takes it. Any thread.
/// </summary>
internal sealed class ReceivedSockets : IDisposable
{
    // Several may have been asked for by the same name, with port 0. Under the lock.
    private readonly List<(string Name, int Descriptor)> _sockets;

    private ReceivedSockets(List<(string Name, int Descriptor)> sockets) => _sockets = sockets;

    /// <summary>Receives them; null where the server ends first.</summary>
    /// <exception cref="InvalidDataException">It sends something else, or more than this process may open.</exception>
    public static async Task<ReceivedSockets?> ReceiveAsync(Socket link, CancellationToken cancellationToken)
    {
        var buffer = new byte[HandOverMessage.BytesMax];
        await link.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);

        // The descriptors come with the first byte, and on a BSD, where there is room, what is said behind the message.
        var first = SystemSocketCalls.Instance.ReceiveDescriptors(
            link, buffer.AsSpan(0, HandOverMessage.HeaderBytes), out var sockets, out var isTruncated);
        try
        {
            if (first.IsError || first.Value == 0)
            {
                return null;
            }

            if (isTruncated)
            {
                throw new InvalidDataException(
                    "Its sockets are more than this process may open: raise its limit (ulimit -n).");
            }

            var header = buffer.AsMemory(0, HandOverMessage.HeaderBytes);
            if (!await HandOverMessage.TryReceiveAsync(link, header, first.Value, cancellationToken)
                .ConfigureAwait(false))
            {
                return null;
            }

            var message = buffer.AsMemory(0, HandOverMessage.LengthOf(buffer));
            if (!await HandOverMessage.TryReceiveAsync(link, message, header.Length, cancellationToken)
                .ConfigureAwait(false))
            {
                return null;
            }

            var names = HandOverMessage.Decode(message.Span);
            if (names.Length != sockets.Count)
            {
                throw new InvalidDataException($"It sends {names.Length} names for {sockets.Count} sockets.");
            }

            var received = new ReceivedSockets([.. names.Zip(sockets)]);
            sockets.Clear();
            return received;
        }
        finally
        {
            sockets.ForEach(descriptor => SystemSocketCalls.Instance.Close(descriptor));
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

    /// <summary>Closes what nobody has taken.</summary>
    public void Dispose()
    {
        lock (_sockets)
        {
            _sockets.ForEach(entry => SystemSocketCalls.Instance.Close(entry.Descriptor));
            _sockets.Clear();
        }
    }
}
