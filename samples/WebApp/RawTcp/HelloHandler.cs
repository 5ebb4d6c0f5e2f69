using System.Buffers;
using System.IO.Pipelines;

namespace WebApp.RawTcp;

/// <summary>
/// Answers every request head (whatever ends with an empty line) with one fixed response, without an HTTP parser: what
/// the transport costs by itself. All requests of a read are answered with one flush.
/// </summary>
internal sealed class HelloHandler : RawTcpHandler
{
    private const int MaxHeadBytes = 32 * 1024;

    private static ReadOnlySpan<byte> EndOfHead => "\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Response =>
        "HTTP/1.1 200 OK\r\nServer: raw\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"u8;

    protected override bool Serve(ref ReadOnlySequence<byte> received, PipeWriter output)
    {
        WriteAnswers(output, TakeHeads(ref received));
        return received.Length <= MaxHeadBytes;
    }

    /// <summary>Counts the complete heads and leaves what follows the last of them.</summary>
    private static int TakeHeads(ref ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
        {
            var (count, length) = CountHeads(buffer.FirstSpan);
            buffer = buffer.Slice(length);
            return count;
        }

        var reader = new SequenceReader<byte>(buffer);
        var heads = 0;
        while (reader.TryReadTo(out ReadOnlySequence<byte> _, EndOfHead))
        {
            heads++;
        }

        buffer = reader.UnreadSequence;
        return heads;
    }

    private static (int Count, int Length) CountHeads(ReadOnlySpan<byte> bytes)
    {
        var (count, length) = (0, 0);
        while (bytes[length..].IndexOf(EndOfHead) is >= 0 and var index)
        {
            count++;
            length += index + EndOfHead.Length;
        }

        return (count, length);
    }

    private static void WriteAnswers(PipeWriter output, int count)
    {
        for (var i = 0; i < count; i++)
        {
            output.Write(Response);
        }
    }
}
