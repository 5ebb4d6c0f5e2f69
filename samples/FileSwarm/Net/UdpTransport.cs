namespace FileSwarm.Net;

/// <summary>Chunks in datagrams, control messages over TCP.</summary>
internal sealed class UdpTransport(StreamLink stream, DatagramLink datagrams) : Transport(stream, datagrams)
{
    protected override ILink Chunks => Datagrams;

    protected override ILink Control => Stream;
}
