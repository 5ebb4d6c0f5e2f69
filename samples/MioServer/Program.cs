using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Kqueue.EventLoops;
using MioServer;
using Samples.Common;

var port = new PortOption(9000);
var loops = new Option<int>("--loops")
{
    Description = "The number of event loops, each on a thread of its own.",
    DefaultValueFactory = _ => 1,
}.InRange(1, 1024);

var protocols = new Dictionary<string, Func<EventLoop, Socket, LoopConnection>>
{
    ["discard"] = (loop, socket) => new DiscardConnection(loop, socket),
    ["count"] = (loop, socket) => new CountConnection(loop, socket),
    ["hello"] = (loop, socket) => new HelloConnection(loop, socket),
};
var protocol = new Argument<string>("protocol")
{
    Description = "discard: receives and forgets. count: tells, at the end of the input, how long it was. hello: " +
        "answers every HTTP request with the same words, without an HTTP parser.",
}.OneOf(protocols.Keys);
var command = new RootCommand("The servers of a well-known article about mio, on event loops.")
{
    protocol, port, loops,
};
return await command.RunAsync(args, async result =>
{
    using var group = new EventLoopGroup(new EventLoopGroupOptions
    {
        LoopCount = result.GetValue(loops),
        HandOver = false, // Nothing here blocks.
    });
    var connect = protocols[result.GetValue(protocol)!];
    var endPoint = new IPEndPoint(IPAddress.Loopback, result.GetValue(port));
    using var listener = new Listener(
        group.LessLoaded(), endPoint, socket => connect(group.LessLoaded(), socket).Start());
    var stopped = new TaskCompletionSource();
    using var signals = new StopSignals(() => stopped.TrySetResult());
    listener.Start();
    Console.WriteLine($"{result.GetValue(protocol)} on {listener.EndPoint}, loops {group.Loops.Count}");
    await stopped.Task;
});
