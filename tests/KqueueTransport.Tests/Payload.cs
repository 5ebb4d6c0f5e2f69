using System.Buffers;

namespace KqueueTransport.Tests;

/// <summary>Bytes that tell where in the stream they belong, so that a lost, doubled or moved one shows.</summary>
internal static class Payload
{
    public static byte[] Create(int count, long offset = 0)
    {
        var bytes = new byte[count];
        Fill(bytes, offset);
        return bytes;
    }

    public static void Fill(Span<byte> bytes, long offset)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = At(offset + i);
        }
    }

    public static void Check(ReadOnlySequence<byte> bytes, long offset = 0)
    {
        foreach (var segment in bytes)
        {
            Check(segment.Span, offset);
            offset += segment.Length;
        }
    }

    public static void Check(ReadOnlySpan<byte> bytes, long offset = 0)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != At(offset + i))
            {
                Assert.Fail($"wrong byte at {offset + i}: {bytes[i]} instead of {At(offset + i)}");
            }
        }
    }

    // A multiplicative hash has no short period, so that a shift by whole segments or pages shows too.
    private static byte At(long position) => unchecked((byte)(((uint)position * 2654435761u) >> 24));
}
