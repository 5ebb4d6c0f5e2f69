using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Common.Net;

/// <summary>HttpClients that trust the tests' certificate and give up in time.</summary>
internal static class Http
{
    public static HttpClient ClientFor(EndPoint endPoint, string scheme = "http", Version? version = null) =>
        ClientFor(NewHandler(), endPoint, scheme, version);

    /// <summary>A client whose connections a factory makes.</summary>
    public static HttpClient ClientOver(
        IConnectionFactory factory, EndPoint endPoint, string scheme = "http", Version? version = null) =>
        ClientFor(NewHandler().UseConnectionFactory(factory), endPoint, scheme, version);

    public static HttpClient ClientFor(
        SocketsHttpHandler handler, EndPoint endPoint, string scheme, Version? version) => new(handler)
        {
            BaseAddress = new Uri($"{scheme}://{endPoint}"),
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    public static SocketsHttpHandler NewHandler() => new()
    {
        SslOptions = { RemoteCertificateValidationCallback = SelfSignedCertificate.IsTheSame },
    };
}
