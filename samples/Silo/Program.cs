using System.CommandLine;
using System.Net;
using Samples.Common;
using Silo;

var port = new PortOption("--port", 11111) { Description = "The port for other silos." };
var gateway = new PortOption("--gateway", 30000) { Description = "The silo's port for clients.", Recursive = true };
var join = new PortOption("--join") { Description = "The port of the silo to join; without it, this is the first." };
var transport = new TransportOption("Orleans as it is") { Recursive = true };
var name = new Argument<string>("name") { Description = "The counter." };
var start = new Command("start", "Starts a silo.") { port, join };
var count = new Command("count", "Asks a silo to count, as a client.") { name };
var command = new RootCommand("Orleans silos, and a client, on event loops.") { start, count, gateway, transport };
return await command.RunAsync(args, async result =>
{
    var isSilo = result.CommandResult.Command == start;
    var (silos, clients, first) = (result.GetValue(port), result.GetValue(gateway), result.GetValue(join));
    var builder = Host.CreateApplicationBuilder();
    builder.Logging.SetMinimumLevel(LogLevel.Error);
    if (isSilo)
    {
        var joined = first == 0 ? null : new IPEndPoint(IPAddress.Loopback, first);
        builder.UseOrleans(silo => silo.UseLocalhostClustering(silos, clients, joined));
    }
    else
    {
        builder.UseOrleansClient(client => client.UseLocalhostClustering(clients));
    }

    if (result.GetValue(transport) == "kqueue")
    {
        // Silo to silo, client to silo, and both their listeners: all on the loops.
        builder.Services.ReplaceKeyedTransports();
    }

    using var host = builder.Build();
    await host.StartAsync();
    if (isSilo)
    {
        Console.WriteLine($"silo on 127.0.0.1:{silos}, clients on {clients} ({result.GetValue(transport)})");
        await host.WaitForShutdownAsync();
    }
    else
    {
        var counter = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICounter>(result.GetValue(name)!);
        Console.WriteLine(await counter.NextAsync());
        await host.StopAsync();
    }
});
