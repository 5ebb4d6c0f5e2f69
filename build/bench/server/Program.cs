using BenchServer;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using MQTTnet.AspNetCore;
using Samples.Common;
using WebApp;

// samples/WebApp, with a gRPC service, a SignalR hub, an MQTT broker and what the runtime has counted.
var command = new WebAppCommand();
return await command.RunAsync(args, async result =>
{
    var options = command.OptionsOf(result);
    await using var app = WebAppServer.Build(options, args, builder =>
    {
        builder.Services.AddGrpc();
        builder.Services.AddSignalR();
        builder.Services.AddHostedMqttServer(mqtt => mqtt.WithoutDefaultEndpoint());
        builder.Services.AddMqttConnectionHandler();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.Listen(options.Address, port: 0, listen => listen.UseMqtt()));
    });
    app.MapGrpcService<Greeter>();
    app.MapHub<EchoHub>("/hub");
    app.MapGet("/counters", RuntimeCounters.Read);
    await app.StartAsync();

    // The broker's address comes behind those of WebApp's command line.
    var broker = app.Services.GetRequiredService<IServer>().Features
        .GetRequiredFeature<IServerAddressesFeature>().Addresses.ElementAt(3);
    Console.WriteLine($"{StartLine.For(app, options)}, mqtt on {new Uri(broker).Authority}");
    await app.WaitForShutdownAsync();
});
