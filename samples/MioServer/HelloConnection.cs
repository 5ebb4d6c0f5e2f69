using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Kqueue.EventLoops;
using Samples.Common;

namespace MioServer;

/// <summary>Answers every request head with one fixed response and keeps the connection.</summary>
internal sealed class HelloConnection(EventLoop loop, Socket socket) : LoopConnection(loop, socket)
{
    private const int InputBytes = 16 * 1024;

    // Answers of a client that pipelines and does not read. With more it is closed.
    private const int QueuedBytesMax = 1024 * 1024;

    // The shortest head is the empty line alone.
    private const int AnswersMax = InputBytes / 4;

    // "keep-alive" is for ab, which speaks HTTP/1.0.
    private static ReadOnlySpan<byte> Answer =>
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\n"u8 +
        "Hello, World!"u8;

    private static readonly ReadOnlyMemory<byte> s_answers = Repeat(Answer, AnswersMax);

    private RequestHeads _heads;

    // To clear the buffer would be two hundredths of a request's processor time.
    [SkipLocalsInit]
    protected override void OnReadable()
    {
        Span<byte> input = stackalloc byte[InputBytes];
        if (!TryReceive(input, out var count))
        {
            return;
        }

        var answers = _heads.Count(input[..count]);
        if (answers > 0)
        {
            Send(s_answers[..(answers * Answer.Length)]);
        }

        if (QueuedBytes > QueuedBytesMax)
        {
            Dispose();
        }
    }

    protected override void OnLost(SocketError cause)
    {
    }

    private static byte[] Repeat(ReadOnlySpan<byte> bytes, int count)
    {
        var all = new byte[bytes.Length * count];
        for (var i = 0; i < count; i++)
        {
            bytes.CopyTo(all.AsSpan(i * bytes.Length));
        }

        return all;
    }
}
