using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Accepting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Tests.Hosting;

public sealed class RegistrationTests
{
    [Fact]
    public async Task UseKqueueTransport_InAWebApplication_IsAskedFirstAndSocketsStays()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKqueueTransport();
        await using var app = builder.Build();

        // Kestrel asks from the last one backwards.
        var factories = app.Services.GetServices<IConnectionListenerFactory>().ToList();

        Assert.IsType<KqueueConnectionListenerFactory>(factories[^1]);
        Assert.Contains(factories, factory => factory.GetType().Name == "SocketTransportFactory");
    }

    [Fact]
    public async Task UseKqueueTransport_EveryOverload_SetsTheOptions()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("KqueueTransport:Backlog", (string?)"77")]);
        builder.WebHost.UseKqueueTransport();
        builder.WebHost.UseKqueueTransport(builder.Configuration.GetSection("KqueueTransport"));
        builder.WebHost.UseKqueueTransport(options => options.LoopCount = 7);
        await using var app = builder.Build();

        var options = app.Services.GetRequiredService<IOptions<KqueueTransportOptions>>().Value;

        Assert.Equal((77, 7), (options.Backlog, options.LoopCount));
        Assert.Single(app.Services.GetServices<IConnectionListenerFactory>().OfType<KqueueConnectionListenerFactory>());
    }

    [Fact]
    public void AddKqueueTransport_AnythingTwice_AddsOneFactory()
    {
        using var services = new ServiceCollection()
            .AddKqueueTransport()
            .AddKqueueTransport(options => options.Backlog = 9)
            .BuildServiceProvider();

        Assert.IsType<KqueueConnectionListenerFactory>(
            Assert.Single(services.GetServices<IConnectionListenerFactory>()));
    }

    [Fact]
    public void AddKqueueTransport_NoKestrelAndNoLogging_GivesTheFactory()
    {
        using var services = new ServiceCollection().AddKqueueTransport().BuildServiceProvider();

        Assert.IsType<KqueueConnectionListenerFactory>(services.GetRequiredService<IConnectionListenerFactory>());
    }

    [Fact]
    public void AddKqueueTransport_KeyedServiceBefore_IsNoObstacle()
    {
        using var services = new ServiceCollection()
            .AddKeyedSingleton<IConnectionListenerFactory, KqueueConnectionListenerFactory>("cluster")
            .AddKqueueTransport()
            .BuildServiceProvider();

        Assert.Single(services.GetServices<IConnectionListenerFactory>());
    }

    [Fact]
    public void AddKqueueConnectionFactory_WithAndWithoutAKey_IsOneFactory()
    {
        using var services = new ServiceCollection()
            .AddKqueueConnectionFactory()
            .AddKqueueConnectionFactory("outbound")
            .BuildServiceProvider();

        var factory = services.GetRequiredService<KqueueConnectionFactory>();

        Assert.Same(factory, services.GetRequiredService<IConnectionFactory>());
        Assert.Same(factory, services.GetRequiredKeyedService<IConnectionFactory>("outbound"));
        Assert.Empty(services.GetServices<IConnectionListenerFactory>());
    }

    [Fact]
    public void ReplaceKeyedTransports_OthersStandUnderKeysAndWithoutOne_ReplacesThoseUnderKeys()
    {
        using var services = new ServiceCollection()
            .AddSingleton<IConnectionListenerFactory, SocketTransportFactory>()
            .AddKeyedSingleton<IConnectionListenerFactory, SocketTransportFactory>("silos")
            .AddKeyedSingleton<IConnectionListenerFactory, SocketTransportFactory>("clients")
            .AddKeyedSingleton<IConnectionFactory>("silos", (_, _) => throw new InvalidOperationException("Not asked."))
            .ReplaceKeyedTransports(options => options.LoopCount = 3)
            .BuildServiceProvider();

        foreach (var key in (string[])["silos", "clients"])
        {
            Assert.IsType<KqueueConnectionListenerFactory>(
                services.GetRequiredKeyedService<IConnectionListenerFactory>(key));
        }

        Assert.Same(
            services.GetRequiredService<KqueueConnectionFactory>(),
            services.GetRequiredKeyedService<IConnectionFactory>("silos"));
        Assert.IsType<SocketTransportFactory>(services.GetRequiredService<IConnectionListenerFactory>());
        Assert.Equal(3, services.GetRequiredService<IOptions<KqueueTransportOptions>>().Value.LoopCount);
    }

    [Fact]
    public async Task AddKqueueConnectionFactory_BesideTheTransport_ConnectsToItOnTheSameLoops()
    {
        using var services = new ServiceCollection()
            .AddKqueueTransport(options => options.LoopCount = 1)
            .AddKqueueConnectionFactory()
            .BuildServiceProvider();
        var cancellation = TestContext.Current.CancellationToken;

        await using var listener = await services.GetRequiredService<IConnectionListenerFactory>()
            .BindAsync(new IPEndPoint(IPAddress.Loopback, 0), cancellation);
        await using var outbound = await services.GetRequiredService<IConnectionFactory>()
            .ConnectAsync(listener.EndPoint, cancellation);
        await using var inbound = await listener.AcceptAsync(cancellation);

        Assert.Same(((Connection)outbound).Loop, ((Connection)inbound!).Loop);
    }

    // Whoever waits for a peer that says nothing, and takes nothing, waits no longer than for the end of the loops.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_OfTheFactoryOrItsHost_EndsWhatIsPending(bool isHost)
    {
        using var services = new ServiceCollection().AddKqueueConnectionFactory().BuildServiceProvider();
        using var own = new KqueueConnectionFactory();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var factory = isHost ? services.GetRequiredService<KqueueConnectionFactory>() : own;
        var connection = await factory.ConnectAsync(
            listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        var reading = connection.Transport.Input.ReadAsync(CancellationToken.None).AsTask();
        var writing = connection.Transport.Output.WriteAsync(
            new byte[32 * 1024 * 1024], CancellationToken.None).AsTask();

        ((IDisposable)(isHost ? services : own)).Dispose();

        await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon());
        Assert.True((await writing.Soon()).IsCompleted);
        await connection.DisposeAsync().Soon();
    }
}
