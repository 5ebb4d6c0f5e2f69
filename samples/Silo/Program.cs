using System.CommandLine;
using System.Net;
using Orleans.Runtime;
using Samples.Common;
using Silo;

var port = new Option<int>("--port")
{
    Description = "The port for other silos.",
    DefaultValueFactory = _ => 11111,
}.InRange(1, ushort.MaxValue);
var gateway = new Option<int>("--gateway")
{
    Description = "The port for clients.",
    DefaultValueFactory = _ => 30000,
}.InRange(1, ushort.MaxValue);
var join = new Option<int>("--join")
{
    Description = "The port of the silo to join; without it, this silo is the first.",
}.InRange(1, ushort.MaxValue);
var transport = new Option<string>("--transport")
{
    Description = "kqueue, or sockets: Orleans as it is, for comparison.",
    DefaultValueFactory = _ => "kqueue",
    Recursive = true,
}.OneOf(["kqueue", "sockets"]);
var name = new Argument<string>("name") { Description = "The counter." };
var gateways = new Option<int[]>("--gateway")
{
    Description = "The ports of the silos to ask.",
    DefaultValueFactory = _ => [30000],
}.InRange(1, ushort.MaxValue);
var start = new Command("start", "Starts a silo.") { port, gateway, join };
var count = new Command("count", "Asks a silo to count, as a client.") { name, gateways };
var command = new RootCommand("Orleans silos, and a client of theirs, on event loops.") { start, count, transport };
return await command.RunAsync(args, async result =>
{
    var builder = Host.CreateApplicationBuilder();
    builder.Logging.SetMinimumLevel(LogLevel.Error);
    var isClient = result.CommandResult.Command == count;
    if (isClient)
    {
        builder.UseOrleansClient(client => client.UseLocalhostClustering(result.GetValue(gateways)!));
    }
    else
    {
        var first = new IPEndPoint(IPAddress.Loopback, result.GetValue(join));
        builder.UseOrleans(silo => silo.UseLocalhostClustering(
            result.GetValue(port), result.GetValue(gateway), first.Port == 0 ? null : first));
    }

    if (result.GetValue(transport) == "kqueue")
    {
        // Silo to silo, client to silo, and both their listeners: all on the loops.
        builder.Services.ReplaceKeyedTransports();
    }

    using var host = builder.Build();
    await host.StartAsync();
    if (isClient)
    {
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var counter = grains.GetGrain<ICounter>(result.GetValue(name)!);
        Console.WriteLine(await counter.NextAsync());
        await host.StopAsync();
        return;
    }

    var address = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint;
    Console.WriteLine($"silo on {address}, clients on {result.GetValue(gateway)} ({result.GetValue(transport)})");
    await host.WaitForShutdownAsync();
});
