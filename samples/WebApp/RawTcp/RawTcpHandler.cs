using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace WebApp.RawTcp;

/// <summary>What a protocol on a bare connection needs: an end when the server stops or the peer vanishes.</summary>
internal abstract class RawTcpHandler : ConnectionHandler
{
    public sealed override async Task OnConnectedAsync(ConnectionContext connection)
    {
        // Kestrel asks connections to end before it aborts them; its HTTP connections listen to that by themselves.
        var stopRequested =
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using var stopping = stopRequested.UnsafeRegister(
            static input => ((PipeReader)input!).CancelPendingRead(), connection.Transport.Input);
        try
        {
            await ServeAsync(connection.Transport.Input, connection.Transport.Output);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException)
        {
            // A peer that vanishes is a normal end here.
        }
    }

    /// <summary>Serves until the input completes or a read is cancelled.</summary>
    protected abstract Task ServeAsync(PipeReader input, PipeWriter output);
}
