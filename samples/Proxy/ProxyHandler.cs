using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Proxy;

/// <summary>
/// Connects each connection to the target and copies, in both directions, until both have ended. An end is handed on as
/// what it is: a FIN as a FIN behind the bytes before it, and a reset as a reset, whatever the other side is doing.
/// </summary>
internal sealed partial class ProxyHandler(IOutbound outbound, ILogger<ProxyHandler> logger) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        OutboundConnection? other = null;
        try
        {
            other = await outbound.ConnectAsync(connection.ConnectionClosed);
            var (near, far) = (connection.Transport, other.Transport);

            // A side that is reset while nobody reads from it or writes to it is told by its token alone. The copies
            // look at both sides then: an orderly end leaves them to go on.
            using var nearClosed = connection.ConnectionClosed.UnsafeRegister(_ => LookAgain(near, far), null);
            using var farClosed = other.Closed.UnsafeRegister(_ => LookAgain(near, far), null);
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
            other?.Abort();
        }
        finally
        {
            if (other is not null)
            {
                await other.DisposeAsync();
            }
        }
    }

    private static void LookAgain(params IDuplexPipe[] sides)
    {
        foreach (var side in sides)
        {
            side.Input.CancelPendingRead();
            side.Output.CancelPendingFlush();
        }
    }

    /// <summary>Hands on what has come, with one flush for all of it.</summary>
    /// <exception cref="IOException">The source was reset, or the destination takes nothing any more.</exception>
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
            if (flush.IsCompleted)
            {
                throw new IOException("The other side has ended.");
            }

            if (read.IsCompleted)
            {
                await endOutput();
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The target cannot be reached: {Reason}")]
    private static partial void CannotConnect(ILogger logger, string reason);
}
