using System.CommandLine;
using System.Net;
using EchoServer;
using Samples.Common;

var port = new PortOption(8080);
var maxLine = new Option<int>("--max-line")
{
    Description = "The longest line, in bytes, with its newline.",
    DefaultValueFactory = _ => 4096,
}.InRange(16, 1024 * 1024);

var command = new RootCommand("Echoes lines until an empty one, on a kernel event queue and nothing else.")
{
    port, maxLine,
};
return command.Run(args, result =>
{
    var endPoint = new IPEndPoint(IPAddress.Loopback, result.GetValue(port));
    using var server = new Server(endPoint, result.GetValue(maxLine));
    using var signals = new StopSignals(server.Stop);
    Console.WriteLine($"listening on {server.EndPoint} ({server.BackendName})");
    server.Run();
});
