using System.Net;
using System.Net.Sockets;

namespace Bench.Net;

/// <summary>A connection of the client, which asks for /plaintext and otherwise is idle.</summary>
internal sealed class ClientConnection : IDisposable
{
    private static readonly byte[] s_request = [.. "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"u8];

    // More than the whole answer, so that one receive takes it.
    private const int AnswerBytesMax = 1024;

    private const int TimeoutMs = 30_000;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = TimeoutMs,

        // A close by reset leaves no TIME_WAIT behind, of which thousands would fill the system's table.
        LingerState = new LingerOption(enable: true, seconds: 0),
    };

    private ClientConnection()
    {
    }

    public static ClientConnection Open(IPEndPoint server)
    {
        var connection = new ClientConnection();
        connection._socket.Connect(server);
        return connection;
    }

    /// <summary>Sends one request and receives the answer.</summary>
    public void Ask()
    {
        Span<byte> answer = stackalloc byte[AnswerBytesMax];
        _socket.Send(s_request);
        for (var received = 0; !answer[..received].EndsWith("Hello, World!"u8);)
        {
            var count = _socket.Receive(answer[received..]);
            if (count == 0)
            {
                throw new IOException("The server closed a connection instead of answering.");
            }

            received += count;
        }
    }

    public void Dispose() => _socket.Dispose();
}
