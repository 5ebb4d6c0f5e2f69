using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>samples/WebApp in a process of its own, which all loads of a class are aimed at.</summary>
public sealed class LoadedApp : IAsyncDisposable
{
    private readonly CertificateFile _certificate = CertificateFile.Write();
    private WebAppProcess? _app;

    /// <summary>Starts it, unless it is there: HTTP/1.1, HTTP/2, and HTTP/2 over TLS are its addresses.</summary>
    internal async Task<WebAppProcess> StartOnceAsync(TestTransport transport, CancellationToken deadline) =>
        _app ??= await WebAppProcess.StartAsync(
            transport.WebAppOptions.Append(new("port", "0")).Select(option => $"--{option.Key}={option.Value}"),
            deadline,
            new Dictionary<string, string>(transport.Environment)
            {
                ["Kestrel__Endpoints__Http2__Url"] = "http://127.0.0.1:0",
                ["Kestrel__Endpoints__Http2__Protocols"] = "Http2",
                ["Kestrel__Endpoints__Http2Tls__Url"] = "https://127.0.0.1:0",
                ["Kestrel__Endpoints__Http2Tls__Protocols"] = "Http2",
                ["Kestrel__Endpoints__Http2Tls__Certificate__Path"] = _certificate.CertificatePath,
                ["Kestrel__Endpoints__Http2Tls__Certificate__KeyPath"] = _certificate.KeyPath,
            });

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _certificate.Dispose();
    }
}
