using System.Net.Sockets;
using System.Text;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>What becomes of the bytes around one that the peer sends as urgent (MSG_OOB): nobody asks for it.</summary>
public sealed class UrgentDataTests : IAsyncDisposable
{
    // Nobody takes this loop from a driver that is about to receive.
    private readonly ConnectionFixture _fixture = new(Scheduling.Inline);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    // A receive stops at the mark (Linux net/ipv4/tcp.c, tcp_recvmsg_locked), and its short count must not be taken for
    // a socket that is drained.
    [Fact]
    public async Task BytesBehindTheMark_AreThereBeforeTheRead_ComeWithTheNext()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Where a receive stops is for each kernel to say.");
        var (connection, peer) = _fixture.Open();
        await SendAsync(peer, "a"u8.ToArray(), SocketFlags.None);
        await SendAsync(peer, "b"u8.ToArray(), SocketFlags.OutOfBand);
        await SendAsync(peer, "c"u8.ToArray(), SocketFlags.None);
        await _fixture.LoopBarrierAsync();

        Assert.Equal("a", await ReadAsync(connection));
        Assert.Equal("c", await ReadAsync(connection));

        // Nothing is left to find, and a short receive is again a drained socket. The loop may have fetched an event
        // that it comes to behind what is posted, but not twice.
        var reading = ReadAsync(connection);
        await _fixture.LoopBarrierAsync();
        await _fixture.LoopBarrierAsync();
        var receives = _fixture.Calls.CountOf(SocketCall.Receive, connection.Descriptor);
        await SendAsync(peer, "d"u8.ToArray(), SocketFlags.None);
        Assert.Equal("d", await reading);
        reading = ReadAsync(connection);
        await _fixture.LoopBarrierAsync();
        Assert.Equal(receives + 1, _fixture.Calls.CountOf(SocketCall.Receive, connection.Descriptor));
        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal("", await reading);
    }

    [Fact]
    public async Task BytesBehindTheMark_ComeAfterTheRead_ComeAtOnce()
    {
        var (connection, peer) = _fixture.Open();
        var input = connection.Transport.Input;
        await SendAsync(peer, "a"u8.ToArray(), SocketFlags.None);
        input.AdvanceTo((await input.ReadAsync().Soon()).Buffer.End);
        await SendAsync(peer, "b"u8.ToArray(), SocketFlags.OutOfBand);
        await _fixture.LoopBarrierAsync();

        await SendAsync(peer, "c"u8.ToArray(), SocketFlags.None);

        var result = await input.ReadAsync().Soon();
        Assert.Equal("c", Encoding.ASCII.GetString(result.Buffer));
    }

    // FreeBSD and NetBSD say nothing of the mark, but count what is behind it (FreeBSD uipc_socket.c, filt_soread).
    [Fact]
    public async Task BytesBehindTheMark_AreOnlyCounted_ComeWithTheNextReadAndWithoutAReceiveMore()
    {
        var (connection, _) = _fixture.Open();
        var reading = ReadAsync(connection);
        await _fixture.LoopBarrierAsync();
        _fixture.Calls.Prepare(SocketCall.Receive, SocketStep.Delivers("a"), SocketStep.Delivers("cd"));

        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Clear, data: 3);

        Assert.Equal("a", await reading);
        Assert.Equal("cd", await ReadAsync(connection));
        reading = ReadAsync(connection);
        await _fixture.LoopBarrierAsync();
        Assert.Equal(2, _fixture.Calls.CountOf(SocketCall.Receive, connection.Descriptor));
        await EndAsync(connection, reading);
    }

    // A read may have taken the bytes between the kernel's count and its event.
    [Fact]
    public async Task BytesThatWereCounted_AreGone_CostOneReceive()
    {
        var (connection, _) = _fixture.Open();
        var reading = ReadAsync(connection);
        await _fixture.LoopBarrierAsync();
        _fixture.Calls.Prepare(
            SocketCall.Receive, SocketStep.Delivers("a"), SocketStep.WouldBlock, SocketStep.Delivers("d"));

        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Clear, data: 1000);
        Assert.Equal("a", await reading);
        reading = ReadAsync(connection);
        await _fixture.LoopBarrierAsync();
        Assert.Equal(2, _fixture.Calls.CountOf(SocketCall.Receive, connection.Descriptor));

        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Clear, data: 1);
        Assert.Equal("d", await reading);
        reading = ReadAsync(connection);
        await _fixture.LoopBarrierAsync();
        Assert.Equal(3, _fixture.Calls.CountOf(SocketCall.Receive, connection.Descriptor));
        await EndAsync(connection, reading);
    }

    private async Task EndAsync(Connection connection, Task<string> reading)
    {
        _fixture.Calls.Prepare(SocketCall.Receive, SocketStep.End);
        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Eof);
        Assert.Equal("", await reading);
    }

    private static async Task<string> ReadAsync(Connection connection)
    {
        var input = connection.Transport.Input;
        var result = await input.ReadAsync().Soon();
        var text = Encoding.ASCII.GetString(result.Buffer);
        input.AdvanceTo(result.Buffer.End);
        return text;
    }

    private static Task<int> SendAsync(Socket peer, byte[] bytes, SocketFlags flags) =>
        peer.SendAsync(bytes.AsMemory(), flags).Soon();
}
