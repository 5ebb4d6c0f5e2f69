using System.CommandLine;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using WebApp;

var command = new WebAppCommand();
var parsed = command.Parse(args);
if (parsed.Errors.Count > 0)
{
    return Fail(parsed.Errors[0].Message);
}

command.SetAction((result, _) => RunAsync(command.OptionsOf(result), args));

// The host stops on Ctrl+C and SIGTERM and drains first; the command line library would give it two seconds only.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static async Task<int> RunAsync(WebAppOptions options, string[] args)
{
    try
    {
        await using var app = WebAppServer.Build(options, args);
        await app.StartAsync();
        Console.WriteLine(StartLine.For(app, options));
        await app.WaitForShutdownAsync();
        return 0;
    }
    catch (Exception e) when (IsBadStart(e))
    {
        return Fail(e.Message);
    }
}

// A port in use, an address that is not this machine's, an option that cannot be.
static bool IsBadStart(Exception e) =>
    e is IOException or SocketException or OptionsValidationException or NotSupportedException;

static int Fail(string message)
{
    Console.Error.WriteLine($"WebApp: {message}");
    return 1;
}
