using System.Buffers.Binary;
using System.Text;

namespace KqueueTransport.HandOver;

/// <summary>
/// What a server says to one that starts: at once that it is there, and once it serves, with the descriptors, a name
/// for each, in their order, behind the length of the whole. Then each says one byte: the successor that it serves, and
/// the predecessor that it stops, or that another one was quicker.
/// </summary>
internal static class HandOverMessage
{
    public const int HeaderBytes = sizeof(int);
    public const int BytesMax = 64 * 1024;

    public const byte Serving = (byte)'S';
    public const byte Stopping = (byte)'E';
    public const byte Replaced = (byte)'R';

    public static ReadOnlyMemory<byte> Greeting { get; } = "KQH1"u8.ToArray();

    public static byte[] Encode(IEnumerable<string> names)
    {
        using var stream = new MemoryStream();
        stream.Write(new byte[HeaderBytes]);
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            foreach (var name in names)
            {
                writer.Write(name);
            }
        }

        var message = stream.ToArray();
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
    /// <exception cref="InvalidDataException">A name is cut off.</exception>
    public static List<string> Decode(byte[] message)
    {
        var names = new List<string>();
        using var reader = new BinaryReader(new MemoryStream(message, HeaderBytes, message.Length - HeaderBytes));
        try
        {
            while (reader.BaseStream.Position < reader.BaseStream.Length)
            {
                names.Add(reader.ReadString());
            }
        }
        catch (Exception error) when (error is IOException or FormatException)
        {
            throw new InvalidDataException("It sends names that end in the middle.", error);
        }

        return names;
    }
}
