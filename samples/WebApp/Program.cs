using Samples.Common;
using WebApp;

var command = new WebAppCommand();
return await command.RunAsync(args, async result =>
{
    var options = command.OptionsOf(result);
    await using var app = WebAppServer.Build(options, args);
    await app.StartAsync();
    Console.WriteLine(StartLine.For(app, options));
    await app.WaitForShutdownAsync();
});
