using FileSwarm.Net;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>Hands messages to the network of the simulation. A welcome is never lost: it goes over a stream.</summary>
internal sealed class SimulatedTransport(Action<ReadOnlyMemory<byte>, bool> carry) : ITransport
{
    public bool IsCongested { get; set; }

    public bool IsDisposed { get; private set; }

    /// <summary>What was sent, by kind.</summary>
    public List<MessageHeader> Sent { get; } = [];

    public void Send(ReadOnlyMemory<byte> frame)
    {
        Assert.Null(MessageCodec.ReadDatagram(frame.Span, int.MaxValue, out var header));
        Sent.Add(header);
        carry(frame.ToArray(), header.Kind == MessageKind.Welcome);
    }

    public void Dispose() => IsDisposed = true;
}
