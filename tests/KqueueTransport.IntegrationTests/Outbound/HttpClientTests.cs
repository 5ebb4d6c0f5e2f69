using System.Net;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Servers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Outbound;

/// <summary>An HttpClient on the outbound side talks to Kestrel on the inbound side.</summary>
public abstract class HttpClientTests : WebAppSuite
{
    private readonly KqueueConnectionFactory _factory;

    protected HttpClientTests(TestTransport transport)
        : base(transport)
    {
        // One loop, so that whatever blocks it blocks everything.
        _factory = transport.OnLoops(1).NewConnectionFactory();
        OwnSynchronous(_factory);
    }

    [Theory]
    [InlineData("http", "1.1")]
    [InlineData("http", "2.0")]
    [InlineData("https", "1.1")]
    [InlineData("https", "2.0")]
    public async Task Client_OneMiBEachWay_ArrivesByteForByte(string scheme, string version)
    {
        using var client = Connect(scheme, version);
        using var content = new ByteArrayContent(Pattern.OneMiB);

        var down = await client.GetByteArrayAsync("/big", Deadline);
        using var up = await client.PostAsync("/upload?hash=true", content, Deadline);

        Assert.Equal(Pattern.OneMiB, down);
        Assert.Equal(Upload.AnswerFor(Pattern.OneMiB), await up.Content.ReadAsStringAsync(Deadline));
        Assert.Equal(Version.Parse(version), up.Version);
    }

    [Theory]
    [InlineData("http", "1.1")]
    [InlineData("https", "2.0")]
    public async Task Client_RequestsOneAfterTheOther_AreAnswered(string scheme, string version)
    {
        using var client = Connect(scheme, version);

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
        }
    }

    [Theory]
    [InlineData("http", "1.1")]
    [InlineData("https", "2.0")]
    public async Task Client_FiftyRequestsAtOnce_AreAnswered(string scheme, string version)
    {
        using var client = Connect(scheme, version);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => client.GetStringAsync("/delay?ms=20", Deadline)));

        Assert.All(answers, answer => Assert.Equal("delayed", answer));
    }

    [Fact]
    public async Task Client_BlocksOnAnAnswerInAContinuation_GetsIt()
    {
        using var client = Connect("http", "1.1");
        Assert.Equal("Hello, World!", await AskTwiceAsync(client));
    }

    [Fact]
    public async Task Client_ServerClosesBetweenRequests_ConnectsAgain()
    {
        using var client = Connect("http", "1.1");
        for (var i = 0; i < 10; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/plaintext");
            request.Headers.ConnectionClose = true;
            using var response = await client.SendAsync(request, Deadline);
            Assert.Equal("Hello, World!", await response.Content.ReadAsStringAsync(Deadline));
        }
    }

    [Fact]
    public async Task Client_FactoryHasEnded_HasNoOtherWay()
    {
        using var client = Connect("http", "1.1");
        await client.GetStringAsync("/plaintext", Deadline);

        _factory.Dispose();

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/plaintext", Deadline));
    }

    private async Task<string> AskTwiceAsync(HttpClient client)
    {
        await client.GetStringAsync("/plaintext", Deadline).ConfigureAwait(false);

        // Where the scheduling is adaptive this runs on the loop that has to bring the answer.
        return client.GetStringAsync("/plaintext", Deadline).GetAwaiter().GetResult();
    }

    private HttpClient Connect(string scheme, string version)
    {
        var app = StartWebApp(kestrel =>
        {
            // A client that gets no core for some seconds is not one that sends too slowly.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = version == "2.0" ? HttpProtocols.Http2 : HttpProtocols.Http1;
                if (scheme == "https")
                {
                    listen.UseHttps(SelfSignedCertificate.Instance);
                }
            });
        });
        return Http.ClientOver(_factory, app.Extra, scheme, Version.Parse(version));
    }
}
