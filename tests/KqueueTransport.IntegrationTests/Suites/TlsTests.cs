using System.Net;
using System.Net.Security;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Servers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>Kestrel's TLS over the transport's pipes.</summary>
public abstract class TlsTests(TestTransport transport) : WebAppSuite(transport)
{
    [Fact]
    public async Task Https_Asked_Answers()
    {
        using var client = Http.ClientFor(StartTlsEndPoint(), "https");

        Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
    }

    [Fact]
    public async Task Https_OneMiBEachWay_ArrivesByteForByte()
    {
        using var client = Http.ClientFor(StartTlsEndPoint(), "https");
        using var content = new ByteArrayContent(Pattern.OneMiB);

        var down = await client.GetByteArrayAsync("/big", Deadline);
        using var up = await client.PostAsync("/upload?hash=true", content, Deadline);

        Assert.Equal(Pattern.OneMiB, down);
        Assert.Equal(Upload.AnswerFor(Pattern.OneMiB), await up.Content.ReadAsStringAsync(Deadline));
    }

    [Fact]
    public async Task Https_ManyConnections_AreAllAnswered()
    {
        var endPoint = StartTlsEndPoint();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            using var client = Http.ClientFor(endPoint, "https");
            return await client.GetStringAsync("/plaintext", Deadline);
        }));

        Assert.All(answers, answer => Assert.Equal("Hello, World!", answer));
    }

    [Fact]
    public async Task Handshake_CutOff_LeavesTheServerWell()
    {
        var endPoint = StartTlsEndPoint();
        for (var i = 0; i < 20; i++)
        {
            // A TLS record header that announces a hello which never comes.
            using var connection = await ConnectAsync(endPoint);
            await connection.SendAsync(new byte[] { 0x16, 3, 1, 1, 0 });
            if (i % 2 == 0)
            {
                connection.SendReset();
            }
        }

        using var client = Http.ClientFor(endPoint, "https");
        Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
    }

    [Fact]
    public async Task Handshake_IsPlainHttp_EndsTheConnection()
    {
        using var connection = await ConnectAsync(StartTlsEndPoint());

        await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n");

        await connection.WaitForEndAsync();
    }

    [Fact]
    public async Task Stream_RequestInManyRecords_IsAnswered()
    {
        using var connection = await ConnectAsync(StartTlsEndPoint());
        await using var tls = new SslStream(connection.Stream, false, SelfSignedCertificate.IsTheSame);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Deadline);

        foreach (var letter in "GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray())
        {
            await tls.WriteAsync(new[] { letter }, Deadline);
        }

        using var reader = new StreamReader(tls);
        Assert.EndsWith("Hello, World!", await reader.ReadToEndAsync(Deadline), StringComparison.Ordinal);
    }

    private IPEndPoint StartTlsEndPoint() => StartWebApp(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.UseHttps(SelfSignedCertificate.Instance);
    })).Extra;
}
