using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fetcher;

/// <summary>Whom to ask, and how the request reads.</summary>
internal sealed record Target(IPEndPoint EndPoint, string Host, string PathAndQuery)
{
    private const string DelayMark = "{ms}";

    /// <exception cref="IOException">It is no address that this program can ask.</exception>
    public static Target Parse(string url)
    {
        // A brace is not allowed in a URL, so the mark is put in afterwards.
        if (!Uri.TryCreate(url.Replace(DelayMark, "MS", StringComparison.Ordinal), UriKind.Absolute, out var uri) ||
            uri.Scheme != Uri.UriSchemeHttp)
        {
            throw new IOException(
                $"'{url}' is no http URL; write for example http://127.0.0.1:5000/delay?ms={DelayMark}.");
        }

        var pathStart = url.IndexOf('/', "http://".Length);
        return new Target(
            new IPEndPoint(AddressOf(uri.DnsSafeHost), uri.Port),
            uri.Authority,
            pathStart < 0 ? "/" : url[pathStart..]);
    }

    public byte[] RequestFor(int delayMs)
    {
        var path = PathAndQuery.Replace(DelayMark, $"{delayMs}", StringComparison.Ordinal);
        return Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {Host}\r\nConnection: close\r\n\r\n");
    }

    private static IPAddress AddressOf(string host) =>
        Dns.GetHostAddresses(host).FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork)
            ?? throw new IOException($"'{host}' has no IPv4 address.");
}
