using System.Net;
using System.Net.Sockets;

namespace Proxy;

/// <summary>Where connections go.</summary>
internal sealed record Target(EndPoint EndPoint)
{
    /// <exception cref="IOException">It is neither HOST:PORT nor a path.</exception>
    public static Target Parse(string text)
    {
        if (text.Contains('/', StringComparison.Ordinal))
        {
            return new Target(new UnixDomainSocketEndPoint(text));
        }

        if (IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port > 0)
        {
            return new Target(endPoint);
        }

        var colon = text.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port > 0
            ? new Target(new DnsEndPoint(text[..colon], port))
            : throw new IOException($"--to '{text}' is not HOST:PORT; write for example --to 127.0.0.1:5001.");
    }
}
