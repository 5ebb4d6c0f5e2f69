using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Samples.Common;
using WebApp;

var command = new WebAppCommand();
return await command.RunAsync(
    args,
    async result =>
    {
        var options = command.OptionsOf(result);
        await using var app = WebAppServer.Build(options, args);
        await app.StartAsync();
        Console.WriteLine(StartLine.For(app, options));
        await app.WaitForShutdownAsync();
    },

    // An option in the environment, and what to do about a port in use.
    error => error switch
    {
        OptionsValidationException => error.Message,
        IOException { InnerException: AddressInUseException inUse } => $"{error.Message} {inUse.Message}",
        _ => null,
    });
