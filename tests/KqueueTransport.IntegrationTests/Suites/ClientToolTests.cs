using System.Globalization;
using System.Net;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Servers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>Clients that others wrote, with their own stacks and their own habits, against the sample.</summary>
public abstract class ClientToolTests(TestTransport transport) : WebAppSuite(transport)
{
    [Fact]
    public async Task Curl_Http1_GetsEveryPage()
    {
        var server = StartWebApp();

        var printed = await CurlAsync(
            $"http://{server.Http}/plaintext", $"http://{server.Http}/plaintext", $"http://{server.Http}/json");

        Assert.Equal("""Hello, World!Hello, World!{"message":"Hello, World!"}""", printed);
    }

    [Theory]
    [InlineData("--http1.1", "1.1")]
    [InlineData("--http2", "2")]
    public async Task Curl_Tls_GetsTheAnswerInItsProtocol(string option, string version)
    {
        var endPoint = StartTls();

        var printed = await CurlAsync(
            option, "--insecure", "--write-out", " %{http_version}", $"https://{endPoint}/plaintext");

        Assert.Equal($"Hello, World! {version}", printed);
    }

    // curl waits for 100 Continue before it sends a body as large as this.
    [Fact]
    public async Task Curl_Upload_ArrivesByteForByte()
    {
        var server = StartWebApp();
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, Pattern.OneMiB, Deadline);

            var printed = await CurlAsync("--data-binary", $"@{file}", $"http://{server.Http}/upload?hash=true");

            Assert.Equal(Upload.AnswerFor(Pattern.OneMiB), printed);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Curl_EventsAsABrowserAsks_PrintsThem()
    {
        var server = StartWebApp();

        var printed = await CurlAsync(
            "--no-buffer", "--header", "Accept: text/event-stream", "--header", "Cache-Control: no-cache",
            "--header", "Origin: http://localhost", $"http://{server.Http}/events?count=3&ms=1");

        Assert.Equal("event: tick\ndata: 1\n\nevent: tick\ndata: 2\n\nevent: tick\ndata: 3\n\n", printed);
    }

    [Fact]
    public async Task OpensslClient_RequestOverTls_PrintsTheAnswer()
    {
        var endPoint = StartTls();

        var printed = await Tool.Require("openssl", "openssl").RunAsync(
            // Kestrel ends without a close_notify.
            ["s_client", "-quiet", "-ign_eof", "-ignore_unexpected_eof", "-alpn", "http/1.1",
                "-connect", $"{endPoint}"],
            "GET /plaintext HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            Deadline);

        Assert.Contains("Hello, World!", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nc_Echo_PrintsWhatItSent()
    {
        var server = StartWebApp();

        var printed = await Tool.Require("nc", "netcat-openbsd").RunAsync(
            ["-N", $"{server.Echo.Address}", server.Echo.Port.ToString(CultureInfo.InvariantCulture)],
            "said and done",
            Deadline);

        Assert.Equal("said and done", printed);
    }

    private Task<string> CurlAsync(params string[] arguments) =>
        Tool.Require("curl", "curl").RunAsync(Deadline, ["--silent", "--show-error", "--fail", .. arguments]);

    private IPEndPoint StartTls() => StartWebApp(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(SelfSignedCertificate.Instance);
    })).Extra;
}
