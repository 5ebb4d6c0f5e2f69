using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Common.Net;

/// <summary>One certificate for localhost, made when a test first asks for it.</summary>
internal static class SelfSignedCertificate
{
    private static readonly Lazy<X509Certificate2> s_instance = new(Make);

    public static X509Certificate2 Instance => s_instance.Value;

    /// <summary>The client's check: it is the very certificate that the server was given.</summary>
    public static bool IsTheSame(
        object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(Instance.RawData);

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
