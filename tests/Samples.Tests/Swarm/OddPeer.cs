using System.Net;
using System.Net.Sockets;
using FileSwarm;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>A client that a test plays, byte by byte.</summary>
internal sealed class OddPeer : IDisposable
{
    private readonly Socket _stream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _buffer = new byte[ushort.MaxValue];

    public static async Task<OddPeer> ConnectAsync(string address, CancellationToken deadline)
    {
        var peer = new OddPeer();
        var server = IPEndPoint.Parse(address);
        await peer._stream.ConnectAsync(server, deadline);
        await peer._datagrams.ConnectAsync(server, deadline);
        return peer;
    }

    /// <summary>Connects, says hello and is welcomed.</summary>
    public static async Task<OddPeer> JoinAsync(string address, Protocol protocol, CancellationToken deadline)
    {
        var peer = await ConnectAsync(address, deadline);
        var port = ((IPEndPoint)peer._datagrams.LocalEndPoint!).Port;
        await peer.SendStreamAsync(
            MessageCodec.Frame(new MessageHeader(MessageKind.Hello, (int)protocol, port)), deadline);
        Assert.Equal(MessageCodec.HeaderBytes + SwarmInfo.Bytes, await peer.ReceiveStreamAsync(deadline));
        return peer;
    }

    public ValueTask<int> SendStreamAsync(byte[] bytes, CancellationToken deadline) =>
        _stream.SendAsync(bytes, deadline);

    public ValueTask<int> SendDatagramAsync(byte[] bytes, CancellationToken deadline) =>
        _datagrams.SendAsync(bytes, deadline);

    /// <summary>How much came; 0 also where the server has reset the connection.</summary>
    public async Task<int> ReceiveStreamAsync(CancellationToken deadline)
    {
        try
        {
            return await _stream.ReceiveAsync(_buffer, deadline);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    public async Task<MessageHeader> ReceiveDatagramAsync(CancellationToken deadline)
    {
        var count = await _datagrams.ReceiveAsync(_buffer, deadline);
        Assert.Null(MessageCodec.ReadDatagram(_buffer.AsSpan(0, count), 0, out var header));
        return header;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _datagrams.Dispose();
    }
}
