using System.IO.Pipelines;

namespace Proxy;

/// <summary>Connects to the target.</summary>
internal interface IOutbound
{
    Task<OutboundConnection> ConnectAsync(CancellationToken cancellationToken);
}

/// <summary>A connection to the target.</summary>
/// <param name="Transport">Its bytes.</param>
/// <param name="EndOutput">Sends FIN behind what was flushed; the input goes on.</param>
/// <param name="Abort">Resets it.</param>
/// <param name="Owner">Closes it.</param>
/// <param name="Closed">Fires when it has ended in both directions, or was reset.</param>
internal sealed record OutboundConnection(
    IDuplexPipe Transport,
    Func<ValueTask> EndOutput,
    Action Abort,
    IAsyncDisposable Owner,
    CancellationToken Closed) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Owner.DisposeAsync();
}
