using System.Globalization;
using System.Text;

namespace Common.Net;

/// <summary>A response as it came over the wire.</summary>
internal sealed record RawResponse(string Head, string Body)
{
    private const string ContentLength = "Content-Length:";

    public int StatusCode => int.Parse(Head.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);

    public static async Task<RawResponse> ReadAsync(string head, Func<int, Task<byte[]>> receive)
    {
        var line = head.Split("\r\n").Single(l => l.StartsWith(ContentLength, StringComparison.OrdinalIgnoreCase));
        var length = int.Parse(line.AsSpan(ContentLength.Length), CultureInfo.InvariantCulture);
        return new RawResponse(head, Encoding.ASCII.GetString(await receive(length)));
    }
}
