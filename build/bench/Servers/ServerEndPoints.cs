using System.Net;
using System.Text.RegularExpressions;
using Bench.Tools;

namespace Bench.Servers;

/// <summary>Where a server listens.</summary>
/// <param name="Http">HTTP/1.1 without TLS.</param>
/// <param name="Echo">Raw TCP that sends back what it receives.</param>
/// <param name="Hello">Raw TCP that answers every request head with a fixed response.</param>
/// <param name="Http2">HTTP/2 from the first byte, without TLS; null where there is none.</param>
/// <param name="Tls">HTTP/1.1 and HTTP/2 with TLS; null where there is none.</param>
/// <param name="Mqtt">A broker of MQTT; null where there is none.</param>
internal sealed partial record ServerEndPoints(
    Uri Http, IPEndPoint Echo, IPEndPoint Hello, Uri? Http2 = null, Uri? Tls = null, IPEndPoint? Mqtt = null)
{
    public IPEndPoint HttpEndPoint => IPEndPoint.Parse(Http.Authority);

    /// <summary>Reads the line that a server prints when it is ready.</summary>
    /// <exception cref="ToolException">The line names no ports.</exception>
    public static ServerEndPoints Parse(string startLine)
    {
        if (Proxied().Match(startLine) is { Success: true } proxy)
        {
            var address = IPEndPoint.Parse(proxy.Groups[1].Value);
            return new ServerEndPoints(new Uri($"http://{address}"), address, address);
        }

        var ports = Ports().Match(startLine);
        if (!ports.Success)
        {
            throw new ToolException($"The server did not say where it listens: {startLine}");
        }

        // Kestrel takes the broker's address for one of HTTP.
        var broker = Broker().Match(startLine);
        IPEndPoint? mqtt = broker.Success ? IPEndPoint.Parse(broker.Groups[1].Value) : null;
        Uri[] others =
        [
            .. Address().Matches(startLine).Skip(1).Select(match => new Uri(match.Value))
                .Where(address => address.Authority != mqtt?.ToString()),
        ];
        var http = new Uri(ports.Groups[1].Value);
        return new ServerEndPoints(
            http,
            IPEndPoint.Parse($"{http.Host}:{ports.Groups[2].Value}"),
            IPEndPoint.Parse($"{http.Host}:{ports.Groups[3].Value}"),
            others.FirstOrDefault(address => address.Scheme == Uri.UriSchemeHttp),
            others.FirstOrDefault(address => address.Scheme == Uri.UriSchemeHttps),
            mqtt);
    }

    [GeneratedRegex(@"^proxy from (\S+) to")]
    private static partial Regex Proxied();

    [GeneratedRegex(@"^(https?://\S+) \(echo on (\d+), hello on (\d+)\)")]
    private static partial Regex Ports();

    [GeneratedRegex(@", mqtt on (\S+)$")]
    private static partial Regex Broker();

    [GeneratedRegex(@"https?://[\d.]+:\d+")]
    private static partial Regex Address();
}
