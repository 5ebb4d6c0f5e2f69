using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>Endpoints that come, change and go with the configuration, under load.</summary>
public abstract class EndPointReloadTests(TestTransport transport) : TransportSuite(transport)
{
    [Fact]
    public async Task Reload_UnderLoad_TheOtherEndpointLosesNoRequest()
    {
        var ports = FreePorts.Take(4);
        var configuration = new ConfigurationManager();
        Set(configuration, "stays", ports);
        Set(configuration, "moves", ports + 1);
        await StartKestrelAsync(
            kestrel => kestrel.Configure(configuration.GetSection("Kestrel"), reloadOnChange: true),
            app => app.Run(context => context.Response.WriteAsync($"{context.Connection.LocalPort}", Deadline)));
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Deadline);
        var load = Enumerable.Range(0, 8).Select(i => LoadAsync(ports, keepAlive: i % 2 == 0, enough.Token)).ToArray();

        using var client = Http.ClientFor(new IPEndPoint(IPAddress.Loopback, ports));
        for (var i = 0; i < 6; i++)
        {
            var (from, to) = (ports + 1 + (i % 3), ports + 1 + ((i + 1) % 3));
            using var kept = await ConnectAsync(new IPEndPoint(IPAddress.Loopback, from));
            await kept.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await kept.ReceiveHeadAsync();

            Set(configuration, "moves", to);
            ((IConfigurationRoot)configuration).Reload();

            await Until.TrueAsync(() => AnswersAsync(to), Deadline);
            await kept.WaitForEndAsync();
            await Until.TrueAsync(async () => !await AnswersAsync(from), Deadline);
        }

        await enough.CancelAsync();
        Assert.All(await Task.WhenAll(load), count => Assert.True(count > 0));
    }

    private static void Set(ConfigurationManager configuration, string name, int port) =>
        configuration[$"Kestrel:Endpoints:{name}:Url"] = $"http://127.0.0.1:{port}";

    private static async Task<int> LoadAsync(int port, bool keepAlive, CancellationToken enough)
    {
        using var client = Http.ClientFor(new IPEndPoint(IPAddress.Loopback, port));
        client.DefaultRequestHeaders.ConnectionClose = !keepAlive;
        var count = 0;
        while (!enough.IsCancellationRequested)
        {
            Assert.Equal($"{port}", await client.GetStringAsync("/", CancellationToken.None));
            count++;
        }

        return count;
    }

    private async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using var connection = await ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            return (await connection.ReceiveToEndAsync()).Contains($"\r\n{port}\r\n", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }
}
