using System.IO.Pipelines;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>A byte stream with the reader and writer under test on our side and a peer that the test plays.</summary>
public abstract class Duplex : IAsyncDisposable
{
    public abstract PipeReader Input { get; }

    public abstract PipeWriter Output { get; }

    public abstract Peer Peer { get; }

    /// <summary>Ends both directions from our side, with whatever is unread and unsent.</summary>
    public abstract void Abort();

    public abstract ValueTask DisposeAsync();
}
