using Kqueue.EventLoops;

namespace KqueueTransport.Connections.Closing;

/// <summary>A descriptor that waits for the peer's FIN. What changes is under the gate of its owner.</summary>
internal sealed class LingeringClose
{
    private readonly LingeringCloses _owner;

    public LingeringClose(
        LingeringCloses owner, int descriptor, Registration registration, long started, long bytesMax)
    {
        _owner = owner;
        Descriptor = descriptor;
        Registration = registration;
        Started = started;
        BytesLeft = bytesMax;
        Node = new LinkedListNode<LingeringClose>(this);
    }

    public int Descriptor { get; }

    public Registration Registration { get; }

    /// <summary>When it began to wait, by the owner's clock.</summary>
    public long Started { get; }

    /// <summary>How many more bytes are received and dropped.</summary>
    public long BytesLeft { get; set; }

    /// <summary>Its place among those that wait; in no list once the descriptor is closed.</summary>
    public LinkedListNode<LingeringClose> Node { get; }

    /// <summary>The kernel has something, or may have.</summary>
    public void Drain() => _owner.Drain(this);
}
