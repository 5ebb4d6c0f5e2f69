using System.Net;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Servers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>HTTP/2 by prior knowledge, and over TLS by ALPN: many streams on one connection.</summary>
public abstract class Http2Tests(TestTransport transport) : WebAppSuite(transport)
{
    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Streams_HundredAtOnce_AreAllAnswered(string scheme)
    {
        using var client = StartClient(scheme);

        var responses = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(i => client.GetAsync($"/delay?ms={i % 10}", Deadline)));

        Assert.All(responses, response =>
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(HttpVersion.Version20, response.Version);
            response.Dispose();
        });
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Streams_LargeBodiesSideBySide_ArriveByteForByte(string scheme)
    {
        using var client = StartClient(scheme);
        var expected = Upload.AnswerFor(Pattern.OneMiB);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            if (i % 2 == 0)
            {
                Assert.Equal(Pattern.OneMiB, await client.GetByteArrayAsync("/big", Deadline));
                return;
            }

            using var content = new ByteArrayContent(Pattern.OneMiB);
            using var response = await client.PostAsync("/upload?hash=true", content, Deadline);
            Assert.Equal(expected, await response.Content.ReadAsStringAsync(Deadline));
        }));
    }

    [Fact]
    public async Task Stream_ClientCancels_OthersGoOn()
    {
        using var client = StartClient("http");
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Deadline);

        var cancelled = client.GetAsync("/delay?ms=30000", giveUp.Token);
        Assert.Equal("delayed", await client.GetStringAsync("/delay?ms=1", Deadline));
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
    }

    private HttpClient StartClient(string scheme)
    {
        var server = StartWebApp(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (scheme == "https")
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(SelfSignedCertificate.Instance);
            }
            else
            {
                listen.Protocols = HttpProtocols.Http2;
            }
        }));
        return Http.ClientFor(server.Extra, scheme, HttpVersion.Version20);
    }
}
