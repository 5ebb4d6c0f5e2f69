using BenchServer;
using Samples.Common;
using WebApp;

// samples/WebApp, with a gRPC service and what the runtime has counted.
var command = new WebAppCommand();
return await command.RunAsync(args, async result =>
{
    var options = command.OptionsOf(result);
    await using var app = WebAppServer.Build(options, args, builder => builder.Services.AddGrpc());
    app.MapGrpcService<Greeter>();
    app.MapGet("/counters", RuntimeCounters.Read);
    await app.StartAsync();
    Console.WriteLine(StartLine.For(app, options));
    await app.WaitForShutdownAsync();
});
