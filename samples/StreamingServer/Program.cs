using Kqueue.EventLoops;
using Samples.Common;
using StreamingServer;

// Clients, standard input, and what Redis delivers: everything is handled on this one thread.
var command = new StreamingCommand();
return command.Run(args, result =>
{
    var options = command.OptionsOf(result);
    using var loop = new EventLoop();
    using var server = new Server(loop, options);
    using var room = options.Redis is { } redis ? Room.Join(redis, options.Name, server.OnRoomMessage) : null;
    using var typed = new StandardInput(loop, server.OnTyped);
    using var signals = new StopSignals(loop.Stop);
    server.Start(room);
    typed.Start();
    loop.Run();
});
