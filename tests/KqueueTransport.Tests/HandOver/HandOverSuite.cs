using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.HandOver;
using KqueueTransport.Tests.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.HandOver;

/// <summary>Servers that are started at one path, in this process.</summary>
public abstract class HandOverSuite : IAsyncDisposable
{
    private readonly List<WebApplication> _apps = [];

    /// <summary>Where they hand over.</summary>
    private protected UnixSocketPath Place { get; } = new();

    /// <summary>For an endpoint of theirs.</summary>
    private protected UnixSocketPath EndPointPath { get; } = new();

    private protected LogCollector Logs { get; } = new(LogLevel.Information);

    public async ValueTask DisposeAsync()
    {
        foreach (var app in _apps)
        {
            await app.DisposeAsync();
        }

        Logs.Dispose();
        Place.Dispose();
        EndPointPath.Dispose();
        GC.SuppressFinalize(this);
    }

    protected async Task<WebApplication> StartAsync(
        string name,
        Action<KestrelServerOptions>? listen = null,
        string? path = null,
        Task? starts = null,
        TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Logs);
        builder.WebHost.UseKqueueTransport(options =>
        {
            options.LoopCount = 1;
            options.HandOverPath = path ?? Place.Path;
        });
        builder.WebHost.ConfigureKestrel(listen ?? (kestrel => kestrel.Listen(IPAddress.Loopback, 0)));
        builder.Services.AddSingleton<IHostedService>(new HeldStart(starts ?? Task.CompletedTask));

        // Nobody is too slow unless a test says so.
        builder.Services.AddSingleton(clock ?? new HeldClock());
        var app = builder.Build();
        app.MapGet("/", () => name);
        _apps.Add(app);
        await app.StartAsync(TestContext.Current.CancellationToken).Soon();
        return app;
    }

    /// <summary>Asks for the sockets of the server at the path, as one that starts does.</summary>
    private protected Task<Predecessor?> FindAsync() => Predecessor.FindAsync(
        Place.Path, new HeldClock(), TestContext.Current.CancellationToken).Soon();

    /// <summary>Ends the server that was made first.</summary>
    protected async Task DisposeOneAsync()
    {
        await _apps[0].DisposeAsync();
        _apps.RemoveAt(0);
    }

    // Behind the endpoints there is one whose port somebody else has.
    protected async Task FailToStartAsync(string name, Action<KestrelServerOptions> listen)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        await Assert.ThrowsAsync<IOException>(() => StartAsync(name, kestrel =>
        {
            listen(kestrel);
            kestrel.Listen((IPEndPoint)taken.LocalEndPoint!);
        }));
        await _apps[^1].DisposeAsync();
        _apps.RemoveAt(_apps.Count - 1);
    }

    protected async Task ConnectToEndPointAsync()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(
            new UnixDomainSocketEndPoint(EndPointPath.Path), TestContext.Current.CancellationToken);
    }

    private protected static HandOverListenSockets SocketsOf(WebApplication app) =>
        app.Services.GetRequiredService<HostLoops>().HandOver!;

    protected static string AddressOf(WebApplication app) => app.Urls.Single();

    protected static Task StoppedAsync(WebApplication app) =>
        app.WaitForShutdownAsync(TestContext.Current.CancellationToken).Soon();

    protected static async Task<string> GetAsync(string address)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(address), TestContext.Current.CancellationToken).Soon();
    }

    /// <summary>Holds up the start of a server before it binds anything.</summary>
    private sealed class HeldStart(Task isOver) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => isOver;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
