using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>The transport without Kestrel: a hosted service takes the factory, binds and accepts by itself.</summary>
public abstract class GenericHostTests(TestTransport transport) : TransportSuite(transport)
{
    [Fact]
    public async Task HostedService_TakesTheFactory_ServesConnections()
    {
        using var host = BuildHost();
        await host.StartAsync(Deadline);
        var endPoint = host.Services.GetRequiredService<EchoService>().EndPoint;

        for (var i = 0; i < 10; i++)
        {
            using var connection = await ConnectAsync(endPoint);
            await connection.SendAsync("hello");
            Assert.Equal("hello", await connection.ReceiveTextAsync(5));
        }

        await host.StopAsync(Deadline);
    }

    [Fact]
    public async Task Unbind_WhileAccepting_EndsTheAcceptWithNull()
    {
        using var host = BuildHost();
        var factory = host.Services.GetRequiredService<IConnectionListenerFactory>();
        await using var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Deadline);

        var accepting = listener.AcceptAsync(Deadline);
        await listener.UnbindAsync(Deadline);

        Assert.Null(await accepting);
    }

    [Fact]
    public async Task Accept_Cancelled_CanBeCalledAgain()
    {
        using var host = BuildHost();
        var factory = host.Services.GetRequiredService<IConnectionListenerFactory>();
        await using var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Deadline);
        using var cancel = new CancellationTokenSource();

        var accepting = listener.AcceptAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting.AsTask());

        using var client = await ConnectAsync(listener.EndPoint);
        await using var connection = await listener.AcceptAsync(Deadline);
        Assert.NotNull(connection);
    }

    [Fact]
    public async Task Bind_PortInUse_Throws()
    {
        using var host = BuildHost();
        var factory = host.Services.GetRequiredService<IConnectionListenerFactory>();
        await using var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Deadline);

        await Assert.ThrowsAsync<AddressInUseException>(() => factory.BindAsync(listener.EndPoint, Deadline).AsTask());
    }

    private IHost BuildHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(Log);
        Transport.Add(builder.Services);
        builder.Services.AddSingleton<EchoService>();
        builder.Services.AddHostedService(services => services.GetRequiredService<EchoService>());
        return builder.Build();
    }

    /// <summary>What a user of the transport would write for a protocol of their own.</summary>
    private sealed class EchoService(IConnectionListenerFactory factory) : BackgroundService
    {
        private readonly List<Task> _connections = [];
        private IConnectionListener? _listener;

        public EndPoint EndPoint => _listener!.EndPoint;

        public override async Task StartAsync(CancellationToken cancellationToken)
        {
            _listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), cancellationToken);
            await base.StartAsync(cancellationToken);
        }

        public override async Task StopAsync(CancellationToken cancellationToken)
        {
            await _listener!.UnbindAsync(cancellationToken);
            await base.StopAsync(cancellationToken);
            await Task.WhenAll(_connections);
            await _listener.DisposeAsync();
        }

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            while (await _listener!.AcceptAsync(CancellationToken.None) is { } connection)
            {
                _connections.Add(EchoAsync(connection));
            }
        }

        private static async Task EchoAsync(ConnectionContext connection)
        {
            await using (connection)
            {
                await connection.Transport.Input.CopyToAsync(connection.Transport.Output);
            }
        }
    }
}
