using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace KqueueTransport.FrameworkTests.Grains;

/// <summary>Silos and a client in this process, which talk to each other over TCP.</summary>
internal sealed class Cluster(TestTransport transport, ErrorLog log) : IAsyncDisposable
{
    private const int SilosMax = 2;

    // A silo that gets no core for some seconds is not one that is dead; one that ends says so itself.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // The first silo's port is where the others ask for the members.
    private readonly int _ports = FreePorts.Take(2 * SilosMax);
    private readonly string _id = Guid.NewGuid().ToString();
    private readonly Stack<IHost> _hosts = new();

    public async Task<IHost> StartSiloAsync(int index, CancellationToken deadline)
    {
        var builder = NewBuilder();
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(
                PortOf(index), _ports + SilosMax + index, new IPEndPoint(IPAddress.Loopback, _ports), _id, _id)
            .Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = s_patience;
                options.TableRefreshTimeout = TimeSpan.FromSeconds(1);
            }));
        return await StartAsync(builder, deadline);
    }

    public async Task<IGrainFactory> ConnectAsync(int silo, CancellationToken deadline)
    {
        var builder = NewBuilder();
        builder.UseOrleansClient(client => client.UseLocalhostClustering(_ports + SilosMax + silo, _id, _id));
        return (await StartAsync(builder, deadline)).Services.GetRequiredService<IGrainFactory>();
    }

    public int PortOf(int silo) => _ports + silo;

    public async ValueTask DisposeAsync()
    {
        while (_hosts.TryPop(out var host))
        {
            await KillAsync(host);
        }
    }

    /// <summary>Ends a silo as a crash would: nobody is told, and no grain moves.</summary>
    public static async Task KillAsync(IHost host)
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await host.StopAsync(atOnce.Token);
        host.Dispose();
    }

    private HostApplicationBuilder NewBuilder()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(log);
        builder.Services.Configure<ConnectionOptions>(options => options.OpenConnectionTimeout = s_patience);
        return builder;
    }

    private async Task<IHost> StartAsync(HostApplicationBuilder builder, CancellationToken deadline)
    {
        transport.ReplaceKeyed(builder.Services);
        var host = builder.Build();
        _hosts.Push(host);
        AssertOnTransport(builder.Services, host.Services);
        await host.StartAsync(deadline);
        return host;
    }

    // Orleans takes what it listens and connects with from under keys of its own. Were they others one day, everything
    // would work as before, on sockets.
    private void AssertOnTransport(IServiceCollection services, IServiceProvider provider)
    {
        var taken = services.Where(service => service.IsKeyedService &&
            (service.ServiceType == typeof(IConnectionListenerFactory) ||
                service.ServiceType == typeof(IConnectionFactory)));

        Assert.Contains(taken, service => service.ServiceType == typeof(IConnectionFactory));
        Assert.All(taken, service => Assert.Equal(
            transport.IsSockets,
            provider.GetRequiredKeyedService(service.ServiceType, service.ServiceKey).GetType().Assembly !=
                typeof(KqueueConnectionFactory).Assembly));
    }
}
