using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.IntegrationTests.Servers;

/// <summary>samples/WebApp in this process, on Kestrel and a transport, on free ports.</summary>
internal sealed class WebAppServer : WebApplicationFactory<Program>
{
    private static readonly TimeSpan s_handshakeTimeout = TimeSpan.FromSeconds(30);

    private readonly TestTransport _transport;
    private readonly ErrorLog _log;

    private WebAppServer(TestTransport transport, ErrorLog log, Action<KestrelServerOptions> moreEndPoints)
    {
        _transport = transport;
        _log = log;
        UseKestrel(kestrel =>
        {
            // A client that gets no core for some seconds is not one that sends too slowly.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.ConfigureHttpsDefaults(https => https.HandshakeTimeout = s_handshakeTimeout);
            moreEndPoints(kestrel);
        });
        StartServer();
        EndPoints = [.. Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => IPEndPoint.Parse(new Uri(address).Authority))];
    }

    /// <summary>Gets what is bound: HTTP, echo, hello, and then the test's own.</summary>
    public IPEndPoint[] EndPoints { get; }

    public IPEndPoint Http => EndPoints[0];

    public IPEndPoint Echo => EndPoints[1];

    public IPEndPoint Hello => EndPoints[2];

    /// <summary>Gets the first of the test's own endpoints.</summary>
    public IPEndPoint Extra => EndPoints[3];

    public static WebAppServer Start(
        TestTransport transport, ErrorLog log, Action<KestrelServerOptions>? moreEndPoints = null) =>
        new(transport, log, moreEndPoints ?? (_ => { }));

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        // Settings reach the app as arguments, so this goes the way of a command line.
        builder.UseSetting("port", "0");
        foreach (var (option, value) in _transport.WebAppOptions)
        {
            builder.UseSetting(option, value);
        }

        builder.ConfigureServices(services => services.PostConfigure<KqueueTransportOptions>(_transport.Configure));
        builder.ConfigureServices(_transport.AddMemory);
        builder.ConfigureLogging(logging => logging.AddProvider(_log));
    }
}
