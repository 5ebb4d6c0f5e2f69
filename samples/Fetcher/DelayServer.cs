using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kqueue.EventLoops;
using Samples.Common;

namespace Fetcher;

/// <summary>Answers <c>GET /delay?ms=N</c> after so long, on an event loop and thread of its own.</summary>
internal sealed class DelayServer : IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly Listener _listener;

    public DelayServer()
    {
        _listener = new Listener(
            _loop, new IPEndPoint(IPAddress.Loopback, 0), socket => new Connection(_loop, socket).Start());
        _listener.Start();
        _loop.Start();
    }

    public string Url => $"http://{_listener.EndPoint}/delay?ms={{ms}}";

    public void Dispose()
    {
        _loop.Dispose();
        _listener.Dispose();
    }

    /// <summary>One request, which fits into one segment on loopback, and its answer.</summary>
    private sealed class Connection(EventLoop loop, Socket socket) : LoopConnection(loop, socket)
    {
        private readonly EventLoop _loop = loop;

        protected override void OnReadable()
        {
            Span<byte> request = stackalloc byte[4096];
            if (TryReceive(request, out var count))
            {
                var delay = TimeSpan.FromMilliseconds(DelayOf(Encoding.ASCII.GetString(request[..count])));
                _loop.Schedule(delay, _ => Answer(), null);
            }
        }

        protected override void OnLost(SocketError cause)
        {
        }

        private void Answer()
        {
            Send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\ndelayed"u8.ToArray());
            Dispose();
        }

        private static int DelayOf(string request)
        {
            var start = request.IndexOf("ms=", StringComparison.Ordinal) + "ms=".Length;
            var digits = request[start..].TakeWhile(char.IsAsciiDigit).ToArray();
            return int.TryParse(digits, CultureInfo.InvariantCulture, out var delay) ? delay : 0;
        }
    }
}
