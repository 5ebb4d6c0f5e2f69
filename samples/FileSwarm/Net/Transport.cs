using FileSwarm.Wire;

namespace FileSwarm.Net;

/// <summary>
/// A session's two links. The stream is there in either protocol: joining and leaving are seen on it. Everything else
/// is split in two: chunks go by the protocol that gives the transport its name, control messages by the other.
/// </summary>
internal abstract class Transport(StreamLink stream, DatagramLink datagrams) : ITransport
{
    public bool IsCongested => Chunks.IsCongested;

    protected StreamLink Stream => stream;

    protected DatagramLink Datagrams => datagrams;

    protected abstract ILink Chunks { get; }

    protected abstract ILink Control { get; }

    public static Transport Create(Protocol protocol, StreamLink stream, DatagramLink datagrams) =>
        protocol == Protocol.Tcp ? new TcpTransport(stream, datagrams) : new UdpTransport(stream, datagrams);

    public void Send(ReadOnlyMemory<byte> frame) => LinkFor(MessageCodec.KindOf(frame)).Send(frame);

    /// <summary>Ends the session. The UDP socket is its owner's.</summary>
    public void Dispose() => stream.Dispose();

    private ILink LinkFor(MessageKind kind) => kind switch
    {
        MessageKind.Hello or MessageKind.Welcome => Stream,
        MessageKind.Chunk => Chunks,
        _ => Control,
    };
}
