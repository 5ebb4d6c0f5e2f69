using Microsoft.AspNetCore.Connections;
using WebApp.Dashboard;
using WebApp.Endpoints;
using WebApp.RawTcp;

namespace WebApp;

/// <summary>Puts the app together: transport, ports, endpoints.</summary>
internal static class WebAppServer
{
    private const long MaxUploadBytes = 1L << 30;

    /// <summary>Builds the app.</summary>
    /// <param name="options">What the command line asked for.</param>
    /// <param name="args">All of it, which is configuration too.</param>
    /// <param name="configure">What another program adds to it; null for nothing.</param>
    public static WebApplication Build(
        WebAppOptions options, string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        KeepQuiet(builder);
        Transports.Use(builder, options);
        Listen(builder.WebHost, options);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, JsonMessageContext.Default);
            json.SerializerOptions.TypeInfoResolverChain.Insert(1, SampleContext.Default);
        });

        configure?.Invoke(builder);
        var app = builder.Build();
        app.MapPages(options);
        app.MapPayloads();
        app.MapPauses();
        app.MapWebSocketEcho();
        app.MapServerEvents();
        app.MapDashboard(options);
        return app;
    }

    private static void Listen(IWebHostBuilder webHost, WebAppOptions options) => webHost.ConfigureKestrel(kestrel =>
    {
        kestrel.Limits.MaxRequestBodySize = MaxUploadBytes;
        kestrel.Listen(options.Address, options.Port);
        kestrel.Listen(options.Address, options.EchoPort, listen => listen.UseConnectionHandler<EchoHandler>());
        kestrel.Listen(options.Address, options.HelloPort, listen => listen.UseConnectionHandler<HelloHandler>());
        kestrel.UseSystemd(); // HTTP on a socket that systemd hands over, if it does (LISTEN_FDS).
    });

    private static void KeepQuiet(WebApplicationBuilder builder)
    {
        builder.Logging.SetMinimumLevel(LogLevel.Warning);

        // A failed start is reported by Program in one line; the host would log the same with a stack trace.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);

        // Nobody reads the host's scope and activity of each request; without them a load tool measures the transport.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);

        // The ports come from the command line only. Container images set these, and Kestrel warns about both.
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, "");
        builder.WebHost.UseSetting(WebHostDefaults.HttpPortsKey, "");
        builder.WebHost.UseSetting(WebHostDefaults.HttpsPortsKey, "");
    }
}
