using System.Security.Cryptography.X509Certificates;

namespace KqueueTransport.IntegrationTests.Net;

/// <summary>The tests' certificate as files, for a server in another process.</summary>
internal sealed class CertificateFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kqueue-transport-");

    private CertificateFile()
    {
    }

    public string CertificatePath => Path.Combine(_folder.FullName, "certificate.pem");

    public string KeyPath => Path.Combine(_folder.FullName, "key.pem");

    public static CertificateFile Write()
    {
        var file = new CertificateFile();
        using var key = SelfSignedCertificate.Instance.GetECDsaPrivateKey()!;
        File.WriteAllText(file.CertificatePath, SelfSignedCertificate.Instance.ExportCertificatePem());
        File.WriteAllText(file.KeyPath, key.ExportPkcs8PrivateKeyPem());
        return file;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
