using Bench.Tools;

namespace Bench.Loads;

/// <summary>One connection whose messages come back.</summary>
internal interface IEchoClient : IAsyncDisposable
{
    /// <summary>Sends a message and waits until it is back.</summary>
    /// <exception cref="ToolException">Something else came back.</exception>
    Task EchoAsync(CancellationToken cancellation);
}
