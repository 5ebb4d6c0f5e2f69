using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using FileSwarm.Net;
using FileSwarm.Wire;
using Kqueue.EventLoops;

namespace Samples.Tests.Swarm;

/// <summary>Messages over a real connection, whose other end is the test.</summary>
public sealed class StreamLinkTests : IDisposable
{
    private const int PayloadMax = 200_000;

    private readonly CancellationTokenSource _deadline =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private readonly EventLoop _loop = new();
    private readonly Socket _peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Owner _owner = new();
    private readonly StreamLink _link;

    public StreamLinkTests()
    {
        _deadline.CancelAfter(TimeSpan.FromMinutes(1));
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _peer.Connect(listener.LocalEndPoint!);
        var socket = listener.Accept();
        socket.Blocking = false;
        _link = new StreamLink(_loop, socket, _owner, PayloadMax);
        _link.Start();
        _loop.Start();
    }

    public void Dispose()
    {
        _loop.Dispose();
        _link.Dispose();
        _peer.Dispose();
        _deadline.Dispose();
    }

    [Fact]
    public async Task Messages_InPiecesOfAnySize_ArriveOnceAndInOrder()
    {
        var random = new Random(1);
        var frames = Enumerable.Range(0, 300)
            .Select(i => FrameOf(i, i % 10 == 0 ? random.Next(PayloadMax) : i)).ToArray();

        var sending = SendInPiecesAsync(frames.SelectMany(frame => frame).ToArray(), random);

        foreach (var frame in frames)
        {
            Assert.Equal(frame, await _owner.NextAsync(_deadline.Token));
        }

        await sending;
    }

    [Fact]
    public async Task Send_MoreThanTheSocketTakes_ArrivesInOrder()
    {
        var frames = Enumerable.Range(0, 50).Select(i => FrameOf(i, PayloadMax)).ToArray();
        _loop.Post(_ => Array.ForEach(frames, frame => _link.Send(frame)), null);

        var received = new byte[frames.Sum(frame => frame.Length)];
        using var stream = new NetworkStream(_peer);
        await stream.ReadExactlyAsync(received, _deadline.Token);

        Assert.True(received.AsSpan().SequenceEqual(frames.SelectMany(frame => frame).ToArray()));
    }

    [Fact]
    public async Task Message_LargerThanAllowed_EndsTheConnection()
    {
        _peer.Send(FrameOf(1, PayloadMax + 1).AsSpan(0, 100));

        var reason = await _owner.Lost.WaitAsync(_deadline.Token);
        Assert.Contains("with a payload of 200001 bytes", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Peer_EndsInTheMiddleOfAMessage_IsAnEnd()
    {
        _peer.Send(FrameOf(1, 1000).AsSpan(0, 999));
        _peer.Shutdown(SocketShutdown.Both);

        Assert.Equal("has closed the connection", await _owner.Lost.WaitAsync(_deadline.Token));
        Assert.Equal(0, _owner.Waiting);
    }

    private async Task SendInPiecesAsync(ReadOnlyMemory<byte> bytes, Random random)
    {
        while (bytes.Length > 0)
        {
            var piece = random.Next(3) == 0 ? random.Next(1, 40) : random.Next(1, 300_000);
            var sent = await _peer.SendAsync(bytes[..Math.Min(piece, bytes.Length)], _deadline.Token);
            bytes = bytes[sent..];
        }
    }

    private static byte[] FrameOf(int index, int payloadLength)
    {
        var payload = new byte[payloadLength];
        new Random(index).NextBytes(payload);
        return MessageCodec.Frame(new MessageHeader(MessageKind.Chunk, index), payload);
    }

    private sealed class Owner : ILinkOwner
    {
        private readonly Channel<byte[]> _frames = Channel.CreateUnbounded<byte[]>();
        private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Lost => _lost.Task;

        public int Waiting => _frames.Reader.Count;

        public ValueTask<byte[]> NextAsync(CancellationToken deadline) => _frames.Reader.ReadAsync(deadline);

        public void OnMessage(MessageHeader header, ReadOnlyMemory<byte> frame) =>
            Assert.True(_frames.Writer.TryWrite(frame.ToArray()));

        public void OnMalformedDatagram(string reason) => Assert.Fail(reason);

        public void OnLost(string reason) => _lost.SetResult(reason);
    }
}
