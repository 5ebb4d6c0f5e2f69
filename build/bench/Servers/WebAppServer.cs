using System.Diagnostics;

namespace Bench.Servers;

/// <summary>samples/WebApp with one transport.</summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
/// <param name="options">The app's options.</param>
/// <param name="environment">Variables for the process.</param>
internal sealed class WebAppServer(
    string name, string title, string[] options, params (string Name, string Value)[] environment)
    : BenchServer(name, title)
{
    public override bool IsWebApp => true;

    public override Task<ServerProcess> StartAsync(ServerSetting setting, CancellationToken cancellation)
    {
        string[] loopOption = setting.Loops is null ? [] : ["--loops", $"{setting.Loops}"];
        var start = new ProcessStartInfo(
            BuildOutput.PathOf("samples/WebApp"), [.. options, .. loopOption, "--port", "0"]);
        var certificate = BenchCertificate.Shared;
        foreach (var (variable, value) in EndPoints(certificate).Concat(environment))
        {
            start.Environment[variable] = value;
        }

        return ServerProcess.StartAsync(start, setting, cancellation);
    }

    // Kestrel reads endpoints beyond those of the command line from its configuration.
    private static IEnumerable<(string Name, string Value)> EndPoints(BenchCertificate certificate) =>
    [
        ("Kestrel__Endpoints__Http2__Url", "http://127.0.0.1:0"),
        ("Kestrel__Endpoints__Http2__Protocols", "Http2"),
        ("Kestrel__Endpoints__Tls__Url", "https://127.0.0.1:0"),
        ("Kestrel__Endpoints__Tls__Protocols", "Http1"),
        ("Kestrel__Endpoints__Tls__Certificate__Path", certificate.CertificatePath),
        ("Kestrel__Endpoints__Tls__Certificate__KeyPath", certificate.KeyPath),
    ];
}
