using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Common.Net;

/// <summary>A client without a library in between: the bytes, the FIN and the RST are the test's own.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly CancellationToken _deadline;

    private RawConnection(Socket socket, CancellationToken deadline)
    {
        _socket = socket;
        _deadline = deadline;
        Stream = new NetworkStream(socket);
    }

    public Stream Stream { get; }

    public EndPoint LocalEndPoint => _socket.LocalEndPoint!;

    /// <summary>How many bytes have come that nobody has received.</summary>
    public int Available => _socket.Available;

    public static async Task<RawConnection> ConnectAsync(EndPoint endPoint, CancellationToken deadline)
    {
        var isUnix = endPoint is UnixDomainSocketEndPoint;
        var socket = new Socket(
            endPoint.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        if (!isUnix)
        {
            socket.NoDelay = true;
        }

        await socket.ConnectAsync(endPoint, deadline);
        return new RawConnection(socket, deadline);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => Stream.WriteAsync(bytes, _deadline).AsTask();

    /// <summary>Sends a byte as urgent (MSG_OOB).</summary>
    public void SendUrgent(byte value) => _socket.Send([value], SocketFlags.OutOfBand);

    /// <summary>Sends until the other side has taken nothing for a while.</summary>
    public async Task SendUntilStalledAsync()
    {
        var chunk = new byte[64 * 1024];
        Task sending;
        do
        {
            sending = SendAsync(chunk);
        }
        while (await Task.WhenAny(sending, Task.Delay(TimeSpan.FromMilliseconds(250), _deadline)) == sending);

        // It ends with the connection.
        _ = sending.ContinueWith(ended => ended.Exception, TaskScheduler.Default);
    }

    public async Task<byte[]> ReceiveAsync(int count)
    {
        var bytes = new byte[count];
        await Stream.ReadExactlyAsync(bytes, _deadline);
        return bytes;
    }

    public async Task<string> ReceiveTextAsync(int count) => Encoding.ASCII.GetString(await ReceiveAsync(count));

    /// <summary>Receives until the FIN.</summary>
    public async Task<string> ReceiveToEndAsync()
    {
        using var all = new MemoryStream();
        await Stream.CopyToAsync(all, _deadline);
        return Encoding.ASCII.GetString(all.ToArray());
    }

    /// <summary>Waits until the server ends the connection, by FIN or by RST, and drops what comes before.</summary>
    public async Task WaitForEndAsync()
    {
        try
        {
            await Stream.CopyToAsync(Stream.Null, _deadline);
        }
        catch (IOException)
        {
            // An RST.
        }
    }

    /// <summary>Receives one response, which has to have a Content-Length.</summary>
    public async Task<RawResponse> ReceiveResponseAsync() =>
        await RawResponse.ReadAsync(await ReceiveHeadAsync(), ReceiveAsync);

    /// <summary>Receives up to the empty line, byte by byte, to take nothing of the body.</summary>
    public async Task<string> ReceiveHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await Stream.ReadExactlyAsync(one, _deadline);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    public void SendFin() => _socket.Shutdown(SocketShutdown.Send);

    public void SendReset() => _socket.Close(timeout: 0);

    public void Dispose() => _socket.Dispose();
}
