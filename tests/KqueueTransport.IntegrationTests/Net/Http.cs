using System.Net;

namespace KqueueTransport.IntegrationTests.Net;

/// <summary>HttpClients that trust the tests' certificate and give up in time.</summary>
internal static class Http
{
    public static HttpClient ClientFor(EndPoint endPoint, string scheme = "http", Version? version = null) => new(
        new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = SelfSignedCertificate.IsTheSame },
        })
    {
        BaseAddress = new Uri($"{scheme}://{endPoint}"),
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
