using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Sockets;

namespace KqueueTransport;

/// <summary>What a host takes from its platform: whether it can run there, its event loops and its sockets.</summary>
/// <param name="MissingBecause">Why it cannot; null where it can.</param>
internal record BackendSupport(string? MissingBecause)
{
    public static BackendSupport OfThisSystem { get; } = new(KernelQueue.UnsupportedReason);

    public bool IsPresent => MissingBecause is null;

    public virtual EventLoopGroup StartLoops(EventLoopGroupOptions options) => new(options);

    /// <summary>The sockets whose descriptors the loops' queues know.</summary>
    public virtual SocketCalls SocketsOf(KernelQueueOptions queue) => LibrarySocketCalls.Of(queue);
}
