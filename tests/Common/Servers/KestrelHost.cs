using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Common.Servers;

/// <summary>Kestrel on a transport, with the endpoints and the application of one test.</summary>
internal sealed class KestrelHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private KestrelHost(WebApplication app) => _app = app;

    public IServiceProvider Services => _app.Services;

    /// <summary>Gets what is bound, as Kestrel tells it.</summary>
    public string[] Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    public IPEndPoint EndPoint => EndPointAt(0);

    public static async Task<KestrelHost> StartAsync(
        TestTransport transport,
        ErrorLog log,
        Action<KestrelServerOptions> listen,
        Action<WebApplication> map,
        Action<WebApplicationBuilder>? configure,
        CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddProvider(log)
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        transport.Use(builder.WebHost);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            // A client that gets no core for some seconds is not one that sends too slowly, or does not shake hands.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.ConfigureHttpsDefaults(https => https.HandshakeTimeout = TimeSpan.FromMinutes(1));
            listen(kestrel);
        });
        configure?.Invoke(builder);
        var app = builder.Build();
        map(app);
        try
        {
            await app.StartAsync(cancellationToken);
            return new KestrelHost(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public IPEndPoint EndPointAt(int index) => IPEndPoint.Parse(new Uri(Addresses[index]).Authority);

    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
