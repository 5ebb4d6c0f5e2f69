using System.Diagnostics;
using System.Net.WebSockets;
using Bench.Tools;

namespace Bench.Loads;

/// <summary>WebSocket messages that come back, by .NET's client in this process: no load tool speaks it.</summary>
/// <param name="Connections">How many connections, each with one message under way at a time.</param>
/// <param name="Address">Where they connect.</param>
internal sealed record WebSocketLoad(int Connections, Uri Address) : Load
{
    private const int MessageBytes = 32;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private TimeSpan Pause { get; init; }

    public override async Task<LoadReport> RunAsync(
        LoadTools tools, TimeSpan duration, CancellationToken cancellation)
    {
        var sockets = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => ConnectAsync(cancellation)));
        try
        {
            var started = Stopwatch.GetTimestamp();
            var cpu = Environment.CpuUsage.TotalTime;
            var counts = await Task.WhenAll(sockets.Select(socket => Task.Run(
                () => EchoAsync(socket, started, duration, cancellation), cancellation)));
            var elapsed = Stopwatch.GetElapsedTime(started);
            return new LoadReport(counts.Sum(), counts.Sum() / elapsed.TotalSeconds, [])
            {
                Client = new ClientCpu((Environment.CpuUsage.TotalTime - cpu) / elapsed, Environment.ProcessorCount),
            };
        }
        finally
        {
            Array.ForEach(sockets, socket => socket.Dispose());
        }
    }

    public override Load Paced() => this with { Pause = s_pause };

    private async Task<ClientWebSocket> ConnectAsync(CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(Address, cancellation);
        return socket;
    }

    private async Task<long> EchoAsync(
        ClientWebSocket socket, long started, TimeSpan duration, CancellationToken cancellation)
    {
        var (sent, received) = (new byte[MessageBytes], new byte[MessageBytes]);
        var count = 0L;
        for (; Stopwatch.GetElapsedTime(started) < duration; count++)
        {
            if (Pause > TimeSpan.Zero)
            {
                await Task.Delay(Pause, cancellation);
            }

            await socket.SendAsync(sent.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellation);
            var echo = await socket.ReceiveAsync(received.AsMemory(), cancellation);
            if (echo.Count != MessageBytes || !echo.EndOfMessage)
            {
                throw new ToolException($"{echo.Count} of {MessageBytes} bytes came back.");
            }
        }

        return count;
    }
}
