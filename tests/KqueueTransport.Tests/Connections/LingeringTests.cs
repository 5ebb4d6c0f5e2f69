using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Input;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>What becomes of the descriptor of a connection that has ended and whose peer has not.</summary>
public sealed class LingeringTests
{
    private static readonly TimeSpan s_never = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(4_000_000)]
    public async Task Dispose_ThePeerHasMoreToSend_TheResponseArrivesAndAnOrderlyEnd(int unreadBytes)
    {
        await using var fixture = new ConnectionFixture(configure: options => options.LingerTimeout = s_never);
        var (connection, peer) = fixture.Open();
        var early = peer.SendAsync(new byte[unreadBytes]);
        var response = Payload.Create(50_000);
        await connection.Transport.Output.WriteAsync(response).Soon();

        await connection.DisposeAsync().Soon();

        await early.Soon();
        await peer.SendAsync(new byte[1_000_000]).Soon();
        Assert.Equal(response, await peer.ReceiveAllAsync());
        Assert.Equal(0, fixture.ClosesOf(connection.Descriptor));
        peer.Shutdown(SocketShutdown.Send);
        await ClosedAsync(fixture, connection);
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_ThePeerHasEnded_OnlyCloses()
    {
        await using var fixture = new ConnectionFixture();
        var (connection, peer) = fixture.Open();
        await peer.SendAsync(new byte[10]).Soon();
        peer.Shutdown(SocketShutdown.Send);
        await connection.Transport.Input.ReadAtLeastAsync(11).Soon();

        await connection.DisposeAsync().Soon();

        Assert.Equal(1, fixture.ClosesOf(connection.Descriptor));
        Assert.Equal(0, fixture.Calls.CountOf(SocketCall.Shutdown, connection.Descriptor));
    }

    // The event of the FIN may reach the loop after a read has received it.
    [Fact]
    public async Task Dispose_AnEventTellsAgainThatThePeerHasEnded_OnlyCloses()
    {
        await using var fixture = new ConnectionFixture();
        var (connection, peer) = fixture.Open();
        peer.Shutdown(SocketShutdown.Send);
        Assert.True((await connection.Transport.Input.ReadAsync().Soon()).IsCompleted);
        var late = new KEvent(connection.Descriptor, KEventFilter.Read, KEventFlags.Eof);
        await fixture.OnLoopAsync(() => ((IEventHandler)connection).OnEvent(late)).Soon();

        await connection.DisposeAsync().Soon();

        Assert.Equal(1, fixture.ClosesOf(connection.Descriptor));
        Assert.Equal(0, fixture.Calls.CountOf(SocketCall.Shutdown, connection.Descriptor));
    }

    // Their edge has been, and no other one tells of them: a peer whose window they fill would never end.
    [Fact]
    public async Task Dispose_BytesAreUnread_ReceivesThemAtOnce()
    {
        await using var fixture = new ConnectionFixture();
        var (connection, peer) = fixture.Open();
        await peer.SendAsync(new byte[100]).Soon();
        await Waiting.UntilAsync(() => ((ConnectionReader)connection.Transport.Input).HasUnreceived);

        await connection.DisposeAsync().Soon();

        Assert.NotEqual(0, fixture.Calls.CountOf(SocketCall.Receive, connection.Descriptor));
        peer.Shutdown(SocketShutdown.Send);
        await ClosedAsync(fixture, connection);
    }

    // Bytes and FIN are there, and the application has said that it wants nothing more: a close would send RST.
    [Fact]
    public async Task Dispose_ThePeerHasEndedBehindUnreadBytes_TheResponseArrives()
    {
        await using var fixture = new ConnectionFixture();
        var (connection, peer) = fixture.Open();
        await connection.Transport.Input.CompleteAsync();
        var response = Payload.Create(50_000);
        await connection.Transport.Output.WriteAsync(response).Soon();

        // No more than the kernel takes of one connection even when it is short of memory: the FIN comes behind them.
        await peer.SendAsync(new byte[3_000]).Soon();
        peer.Shutdown(SocketShutdown.Send);
        await Waiting.UntilAsync(() => connection.ConnectionClosed.IsCancellationRequested);

        await connection.DisposeAsync().Soon();

        Assert.Equal(response, await peer.ReceiveAllAsync());
        await ClosedAsync(fixture, connection);
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_ThePeerStaysOpen_ClosesAfterTheTimeout()
    {
        await using var fixture = new ConnectionFixture(
            configure: options => options.LingerTimeout = TimeSpan.FromMilliseconds(50));
        var connections = Enumerable.Range(0, 10).Select(_ => fixture.Open().Connection).ToList();

        foreach (var connection in connections)
        {
            await connection.DisposeAsync().Soon();
        }

        foreach (var connection in connections)
        {
            await ClosedAsync(fixture, connection);
        }

        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_ThePeerSendsMoreThanTheLimit_Closes()
    {
        await using var fixture = new ConnectionFixture(configure: options =>
        {
            options.LingerTimeout = s_never;
            options.MaxLingerSize = 1_000_000;
        });
        var (connection, peer) = fixture.Open();
        await connection.DisposeAsync().Soon();

        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true)
            {
                await peer.SendAsync(new byte[100_000]).Soon();
            }
        });

        // A close is remembered when it is back, and the peer may hear of it before that.
        await ClosedAsync(fixture, connection);
        Assert.Equal(1, fixture.ClosesOf(connection.Descriptor));
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_ThePeerResets_Closes()
    {
        await using var fixture = new ConnectionFixture(configure: options => options.LingerTimeout = s_never);
        var (connection, peer) = fixture.Open();
        await connection.DisposeAsync().Soon();

        peer.Reset();

        await ClosedAsync(fixture, connection);
        await fixture.AssertEndedCleanlyAsync();
    }

    // Who has waited longest has had the longest time to read.
    [Fact]
    public async Task Dispose_TooManyWaitAlready_ClosesTheOldest()
    {
        await using var fixture = new ConnectionFixture(configure: options =>
        {
            options.LingerTimeout = s_never;
            options.LingerConnectionsMax = 3;
        });
        var opened = Enumerable.Range(0, 5).Select(_ => fixture.Open()).ToList();

        foreach (var (connection, _) in opened)
        {
            await connection.DisposeAsync().Soon();
        }

        Assert.Equal([1, 1, 0, 0, 0], opened.Select(pair => fixture.ClosesOf(pair.Connection.Descriptor)));
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_MoreWaitThanTheirShareOfTheDescriptors_ClosesTheOldest()
    {
        await using var fixture = new ConnectionFixture(
            configure: options => options.LingerTimeout = s_never, descriptorLimit: 16);
        var opened = Enumerable.Range(0, 3).Select(_ => fixture.Open()).ToList();

        foreach (var (connection, _) in opened)
        {
            await connection.DisposeAsync().Soon();
        }

        Assert.Equal([1, 0, 0], opened.Select(pair => fixture.ClosesOf(pair.Connection.Descriptor)));
        await fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(0, 1024)]
    [InlineData(5, 0)]
    public async Task Dispose_SwitchedOff_ClosesAtOnce(int timeoutSeconds, int connectionsMax)
    {
        await using var fixture = new ConnectionFixture(configure: options =>
        {
            options.LingerTimeout = TimeSpan.FromSeconds(timeoutSeconds);
            options.LingerConnectionsMax = connectionsMax;
        });
        var (connection, peer) = fixture.Open();

        await connection.DisposeAsync().Soon();

        Assert.Equal(1, fixture.ClosesOf(connection.Descriptor));
        Assert.Empty(await peer.ReceiveAllAsync());
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_FinCannotBeSent_ClosesAtOnce()
    {
        await using var fixture = new ConnectionFixture();
        var (connection, _) = fixture.Open(descriptor => fixture.Calls.Prepare(
            SocketCall.Shutdown, descriptor, SocketStep.Fails(Kqueue.Errno.ENOTCONN)));

        await connection.DisposeAsync().Soon();

        Assert.Equal(1, fixture.ClosesOf(connection.Descriptor));
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task LoopsEnd_ConnectionsWait_ClosesThem()
    {
        await using var fixture = new ConnectionFixture(configure: options => options.LingerTimeout = s_never);
        var (waiting, _) = fixture.Open();
        var (late, _) = fixture.Open();
        await waiting.DisposeAsync().Soon();

        fixture.EndLoops();
        await late.DisposeAsync().Soon();

        Assert.Equal(1, fixture.ClosesOf(waiting.Descriptor));
        Assert.Equal(1, fixture.ClosesOf(late.Descriptor));
    }

    // The end of the connection and bytes of the peer meet; none may be left unseen, because an edge comes once.
    [Theory]
    [InlineData(Scheduling.Inline)]
    [InlineData(Scheduling.ThreadPool)]
    public async Task Dispose_ThePeerSendsAndEndsAtThatMoment_Closes(Scheduling mode)
    {
        await using var fixture = new ConnectionFixture(mode, options => options.LingerTimeout = s_never);
        for (var round = 0; round < 300; round++)
        {
            var (connection, peer) = fixture.Open();
            using var start = new Barrier(2);
            var ending = Task.Run(() =>
            {
                start.SignalAndWait();
                return connection.DisposeAsync().AsTask();
            });
            start.SignalAndWait();
            await peer.SendAsync(new byte[100]).Soon();
            peer.Shutdown(SocketShutdown.Send);

            await ending.Soon();
            Assert.Empty(await peer.ReceiveAllAsync());
            await ClosedAsync(fixture, connection);
        }

        await fixture.AssertEndedCleanlyAsync();
    }

    private static Task ClosedAsync(ConnectionFixture fixture, Connection connection) =>
        Waiting.UntilAsync(() => fixture.ClosesOf(connection.Descriptor) > 0);
}
