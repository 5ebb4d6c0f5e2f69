using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace WebApp.RawTcp;

/// <summary>
/// What a protocol on a bare connection needs: reads and flushes, and an end when the server stops or the peer
/// vanishes. A connection that waits costs one state machine, and no output before the first answer.
/// </summary>
internal abstract class RawTcpHandler : ConnectionHandler
{
    public sealed override async Task OnConnectedAsync(ConnectionContext connection)
    {
        // Kestrel asks connections to end before it aborts them; its HTTP connections listen to that by themselves. The
        // token is this connection's own and goes with it, so there is nothing to unregister.
        var stopRequested =
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        stopRequested.UnsafeRegister(
            static connection => ((ConnectionContext)connection!).Transport.Input.CancelPendingRead(), connection);
        try
        {
            for (var goesOn = true; goesOn;)
            {
                var read = await connection.Transport.Input.ReadAsync();
                var rest = read.Buffer;
                goesOn = Serve(ref rest, connection.Transport.Output) && !read.IsCompleted && !read.IsCanceled;
                connection.Transport.Input.AdvanceTo(rest.Start, rest.End);
                goesOn &= !(await connection.Transport.Output.FlushAsync()).IsCompleted;
            }
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException)
        {
            // A peer that vanishes is a normal end here.
        }
    }

    /// <summary>Takes what it can from the front of the received bytes and writes the answers to it.</summary>
    /// <returns>False to end the connection.</returns>
    protected abstract bool Serve(ref ReadOnlySequence<byte> received, PipeWriter output);
}
