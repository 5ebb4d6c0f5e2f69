using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>A transport, registered as an application registers it, and asked for one connection at a time.</summary>
public abstract class ConnectionSource : DuplexSource
{
    public override async ValueTask<Duplex> OpenAsync(DuplexOptions options)
    {
        var host = BuildHost(options);
        var factory = host.Services.GetRequiredService<IConnectionListenerFactory>();
        var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var connecting = peer.ConnectAsync(listener.EndPoint);
        var connection = await listener.AcceptAsync().Soon();
        await connecting.Soon();
        return new ConnectionDuplex(connection!, peer, CloseAsync);

        async ValueTask CloseAsync()
        {
            await listener.UnbindAsync();
            await listener.DisposeAsync();
            host.Dispose();
        }
    }

    protected abstract void UseTransport(IWebHostBuilder host);

    // A web host that is never started: only its services are used.
    private IHost BuildHost(DuplexOptions options) => new HostBuilder()
        .ConfigureServices(services =>
        {
            if (options.MemoryPoolFactory is { } factory)
            {
                services.AddSingleton(factory);
            }
        })
        .ConfigureWebHost(UseTransport)
        .Build();
}

/// <summary>Kestrel's own transport: the oracle for what FIN, RST and timing do to the pipes.</summary>
public sealed class SocketsSource : ConnectionSource
{
    // Its hops through the thread pool cost work items.
    public override int AllocatedBytesPerRoundTripMax => 1024;

    protected override void UseTransport(IWebHostBuilder host) => host.UseSockets();
}
