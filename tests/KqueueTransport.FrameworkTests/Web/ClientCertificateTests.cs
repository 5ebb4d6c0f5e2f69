using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>HTTPS whose clients show a certificate.</summary>
public abstract class ClientCertificateTests(TestTransport transport) : TransportSuite(transport)
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Certificate_Required_TheApplicationSeesIt(string version)
    {
        var server = await StartAsync(ClientCertificateMode.RequireCertificate);
        using var client = Client(server, version, hasCertificate: true);

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("CN=localhost", await client.GetStringAsync("/", Deadline));
        }
    }

    [Fact]
    public async Task Certificate_RequiredAndMissing_TheConnectionFails()
    {
        var server = await StartAsync(ClientCertificateMode.RequireCertificate);
        using var client = Client(server, "1.1", hasCertificate: false);
        using var other = Client(server, "1.1", hasCertificate: true);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/", Deadline));

        Assert.Equal("CN=localhost", await other.GetStringAsync("/", Deadline));
    }

    [Fact]
    public async Task Certificate_AllowedAndMissing_IsNone()
    {
        var server = await StartAsync(ClientCertificateMode.AllowCertificate);
        using var client = Client(server, "2.0", hasCertificate: false);

        Assert.Equal("none", await client.GetStringAsync("/", Deadline));
    }

    [Fact]
    public async Task Certificate_AskedForByTheApplication_ComesInTheMiddleOfTheConnection()
    {
        var server = await StartAsync(ClientCertificateMode.DelayCertificate);
        using var client = Client(server, "1.1", hasCertificate: true);

        Assert.Equal("CN=localhost", await client.GetStringAsync("/", Deadline));
        Assert.Equal("CN=localhost", await client.GetStringAsync("/", Deadline));
    }

    private Task<KestrelHost> StartAsync(ClientCertificateMode mode) => StartKestrelAsync(
        kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = SelfSignedCertificate.Instance;
            https.ClientCertificateMode = mode;
            https.ClientCertificateValidation = (certificate, chain, errors) =>
                SelfSignedCertificate.IsTheSame(this, certificate, chain, errors);
        })),
        app => app.Run(async context => await context.Response.WriteAsync(
            (await context.Connection.GetClientCertificateAsync(Deadline))?.Subject ?? "none")));

    private static HttpClient Client(KestrelHost server, string version, bool hasCertificate)
    {
        var handler = Http.NewHandler();
        if (hasCertificate)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(
                SelfSignedCertificate.Instance, additionalCertificates: null, offline: true);
        }

        return Http.ClientFor(handler, server.EndPoint, "https", Version.Parse(version));
    }
}
