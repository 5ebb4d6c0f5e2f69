using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Proxy;
using Samples.Common;

var to = new Option<string>("--to")
{
    Description = "Where connections go: HOST:PORT, or the path of a Unix socket.",
    Required = true,
};
var port = new PortOption(7000);
var transport = new TransportOption("Kestrel's transport and NetworkStream");

var command = new RootCommand("A TCP proxy: accepts on one side, connects on the other, both on the same loops.")
{
    to, port, transport,
};
return await command.RunAsync(args, async result =>
{
    var target = Target.Parse(result.GetValue(to)!);
    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
    builder.Services.AddSingleton(target);
    if (result.GetValue(transport) == "kqueue")
    {
        // Each direction of a proxied connection ends by itself.
        builder.WebHost.UseKqueueTransport(options => options.HalfClose = true);
        builder.Services.AddKqueueConnectionFactory();
        builder.Services.AddSingleton<IOutbound, FactoryOutbound>();
    }
    else
    {
        builder.Services.AddSingleton<IOutbound, NetworkStreamOutbound>();
    }

    builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, "");
    builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
        IPAddress.Loopback, result.GetValue(port), listen => listen.UseConnectionHandler<ProxyHandler>()));
    await using var app = builder.Build();
    await app.StartAsync();
    var bound = IPEndPoint.Parse(new Uri(app.Urls.First()).Authority);
    Console.WriteLine($"proxy from {bound} to {target.EndPoint} ({result.GetValue(transport)})");
    await app.WaitForShutdownAsync();
});
