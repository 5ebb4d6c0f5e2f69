using System.Diagnostics;
using System.Net;

namespace Bench.Servers;

/// <summary>
/// samples/WebApp with one transport, as the program in the folder "server" extends it; or samples/Proxy.
/// </summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
/// <param name="transport">What both programs call the transport.</param>
/// <param name="options">The app's other options.</param>
/// <param name="environment">Variables for the process.</param>
internal sealed class WebAppServer(
    string name, string title, string transport, string[] options, params (string Name, string Value)[] environment)
    : BenchServer(name, title)
{
    public override bool IsWebApp => true;

    public override async Task<ServerProcess> StartAsync(ServerSetting setting, CancellationToken cancellation)
    {
        var backend = setting.IsProxy
            ? await ServerCatalog.Epoll.StartAsync(ServerSetting.Default, cancellation)
            : null;
        string[] loops = setting.Loops is null ? [] : ["--loops", $"{setting.Loops}"];
        var start = backend is null
            ? new ProcessStartInfo(
                BuildOutput.PathOf("build/bench/server", "BenchServer"),
                ["--transport", transport, .. options, .. loops, "--port", "0", "--address", $"{setting.Address}"])
            : new ProcessStartInfo(
                BuildOutput.PathOf("samples/Proxy", "Proxy"),
                ["--transport", transport, "--port", "0", "--to", $"{backend.EndPoints.Hello}"]);
        var endPoints = backend is null ? EndPoints(setting.Address) : [];
        foreach (var (variable, value) in endPoints.Concat(environment))
        {
            start.Environment[variable] = value;
        }

        return await ServerProcess.StartAsync(
            start, setting, cancellation, hasCounters: backend is null, backend);
    }

    // Kestrel reads endpoints beyond those of the command line from its configuration.
    private static IEnumerable<(string Name, string Value)> EndPoints(IPAddress address) =>
    [
        ("Kestrel__Endpoints__Http2__Url", $"http://{address}:0"),
        ("Kestrel__Endpoints__Http2__Protocols", "Http2"),
        ("Kestrel__Endpoints__Tls__Url", $"https://{address}:0"),
        ("Kestrel__Endpoints__Tls__Protocols", "Http1AndHttp2"),
        ("Kestrel__Endpoints__Tls__Certificate__Path", BenchCertificate.Shared.CertificatePath),
        ("Kestrel__Endpoints__Tls__Certificate__KeyPath", BenchCertificate.Shared.KeyPath),
    ];
}
