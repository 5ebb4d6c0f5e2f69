using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Proxy;

/// <summary>Connects each connection to the target and copies, in both directions, until both have ended.</summary>
internal sealed partial class ProxyHandler(IOutbound outbound, ILogger<ProxyHandler> logger) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        try
        {
            await using var other = await outbound.ConnectAsync(connection.ConnectionClosed);
            var (near, far) = (connection.Transport, other.Transport);
            var up = CopyAsync(near.Input, far.Output, other.EndOutput);
            var down = CopyAsync(far.Input, near.Output, () => near.Output.CompleteAsync());

            // A direction that fails takes the other one with it; one that ends well does not.
            var first = await Task.WhenAny(up, down);
            await first;
            await Task.WhenAll(up, down);
        }
        catch (SocketException e)
        {
            CannotConnect(logger, e.Message);
            connection.Abort();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            connection.Abort();
        }
    }

    /// <summary>Hands on what has come, with one flush for all of it.</summary>
    private static async Task CopyAsync(PipeReader from, PipeWriter to, Func<ValueTask> endOutput)
    {
        while (true)
        {
            var read = await from.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                to.Write(segment.Span);
            }

            from.AdvanceTo(read.Buffer.End);
            var flush = await to.FlushAsync();
            if (read.IsCompleted || flush.IsCompleted)
            {
                await endOutput();
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The target cannot be reached: {Reason}")]
    private static partial void CannotConnect(ILogger logger, string reason);
}
