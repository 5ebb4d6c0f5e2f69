namespace FileSwarm.Net;

/// <summary>Chunks over TCP, control messages in datagrams.</summary>
internal sealed class TcpTransport(StreamLink stream, DatagramLink datagrams) : Transport(stream, datagrams)
{
    protected override ILink Chunks => Stream;

    protected override ILink Control => Datagrams;
}
