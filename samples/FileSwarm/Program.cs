using FileSwarm.Commands;
using Samples.Common;

using var stop = new CancellationTokenSource();
using var signals = new StopSignals(stop.Cancel);
var command = new SwarmCommand();
var run = new SwarmRun(command, stop.Token);
return await command.RunAsync(args, run.RunAsync);
