using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace KqueueTransport.HandOver;

/// <summary>
/// What a server says to one that starts: at once that it is there, and once it serves, with the descriptors, a name
/// for each, in their order and on lines, behind the length of the whole. Then each says one byte: the successor that
/// it serves, and the predecessor that it stops, or that another one was quicker.
/// </summary>
internal static class HandOverMessage
{
    public const int HeaderBytes = sizeof(int);

    // More than the names of as many Unix sockets as are handed over can have, all of it escaped.
    public const int BytesMax = 128 * 1024;

    public const byte Serving = (byte)'S';
    public const byte Stopping = (byte)'E';
    public const byte Replaced = (byte)'R';

    public static ReadOnlyMemory<byte> Greeting { get; } = "KQH1"u8.ToArray();

    // Escaped, because the name of an abstract Unix socket may hold anything.
    public static byte[] Encode(IEnumerable<string> names)
    {
        var lines = string.Join('\n', names.Select(Uri.EscapeDataString));
        byte[] message = [.. stackalloc byte[HeaderBytes], .. Encoding.ASCII.GetBytes(lines)];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        return message;
    }

    /// <summary>The length of the whole message, by its first <see cref="HeaderBytes"/>.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static int LengthOf(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        return length is >= HeaderBytes and <= BytesMax ? length : throw IsNone();
    }

    public static InvalidDataException IsNone() => new("It sends something else than listen sockets.");

    /// <summary>The names in a whole message.</summary>
    public static string[] Decode(ReadOnlySpan<byte> message) =>
        Array.ConvertAll(Encoding.ASCII.GetString(message[HeaderBytes..]).Split('\n'), Uri.UnescapeDataString);

    /// <summary>
    /// Receives a part of it, of which so many bytes are there. False where the sender ends before it is whole.
    /// </summary>
    public static async Task<bool> TryReceiveAsync(
        Socket link, Memory<byte> buffer, int count, CancellationToken cancellationToken)
    {
        while (count < buffer.Length)
        {
            try
            {
                var received = await link.ReceiveAsync(buffer[count..], cancellationToken).ConfigureAwait(false);
                if (received == 0)
                {
                    return false;
                }

                count += received;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
            {
                return false;
            }
        }

        return true;
    }
}
