using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Diagnostics;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>Accepting goes on, whatever the kernel answers.</summary>
public sealed class AcceptTests : IAsyncDisposable
{
    // On a busy machine a hand-over would let the loop go on in the middle of a batch.
    private readonly ListenerFixture _fixture = new(handOver: false);

    public static TheoryData<Errno> Shortages => [Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM];

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [MemberData(nameof(Shortages))]
    public async Task Accept_NothingToBeHad_BacksOffWarnsOnceAndRecovers(Errno error)
    {
        _fixture.Listen(SocketStep.Fails(error), SocketStep.Fails(error), SocketStep.Fails(error));

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal(1, _fixture.WarningCount);
        Assert.True(_fixture.Calls.IsPlayed);
    }

    [Fact]
    public async Task Accept_ProcessHasNoMemory_BacksOffWarnsOnceAndRecovers()
    {
        var left = 3;
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Accept && Interlocked.Decrement(ref left) >= 0)
            {
                throw new InsufficientMemoryException();
            }
        };
        _fixture.Listen();

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal(1, _fixture.WarningCount);
    }

    // Goal: a server that hovers at its limit. Method: failures and connections by turns.
    [Fact]
    public async Task Accept_ShortageWithATrickleOfConnections_WarnsOnce()
    {
        _fixture.Listen();
        for (var i = 0; i < 4; i++)
        {
            _fixture.Calls.Prepare(
                SocketCall.Accept,
                SocketStep.Fails(Errno.EMFILE),
                SocketStep.GoesThrough,
                SocketStep.Fails(Errno.EMFILE));
            await _fixture.ConnectAsync();
            await _fixture.AcceptAsync();
            await _fixture.LoopBarrierAsync();
        }

        Assert.Equal(1, _fixture.WarningCount);
        Assert.True(_fixture.Calls.IsPlayed);
    }

    [Fact]
    public async Task Accept_ShortageAfterAQuietMinute_WarnsAgain()
    {
        _fixture.Listen(SocketStep.Fails(Errno.EMFILE), SocketStep.Fails(Errno.EMFILE));
        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
        await _fixture.LoopBarrierAsync();
        _fixture.Calls.Prepare(SocketCall.Accept, SocketStep.Fails(Errno.EMFILE), SocketStep.Fails(Errno.EMFILE));
        _fixture.Clock.Advance(Episode.Quiet);

        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();

        Assert.Equal(2, _fixture.WarningCount);
    }

    [Fact]
    public async Task Accept_DescriptorsStayExhausted_PeersAreReset()
    {
        using var isConnected = new ManualResetEventSlim();
        AtTheWarning(() =>
        {
            // A reset that comes sooner would fail the peer's connect.
            Assert.True(isConnected.Wait(TimeSpan.FromSeconds(30)));
            _fixture.Clock.Advance(Times.Patience);
        });
        _fixture.Listen(SocketStep.Fails(Errno.EMFILE));
        var peer = await _fixture.ConnectAsync();

        isConnected.Set();

        var error = await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);

        // The peer may hear of it before the acceptor has counted it.
        await Waiting.UntilAsync(() => _fixture.Listener.Statistics.RefusalsFor(ListenerLimit.Descriptors) == 1);
        Assert.Equal(0, _fixture.Listener.Statistics.Accepts);
        await AssertStillAcceptsAsync();
    }

    [Fact]
    public async Task Accept_NothingIsLeftToRefuseWith_GoesOn()
    {
        AtTheWarning(() =>
        {
            _fixture.Calls.Prepare(SocketCall.OpenProbe, SocketStep.Fails(Errno.EMFILE));
            _fixture.Calls.Prepare(SocketCall.Accept, SocketStep.Fails(Errno.EMFILE), SocketStep.Fails(Errno.EMFILE));
            _fixture.Clock.Advance(Times.Patience);
        });
        _fixture.Listen(SocketStep.Fails(Errno.EMFILE));

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.True(_fixture.Calls.IsPlayed);
        Assert.Equal(0, _fixture.Listener.Statistics.RefusalsFor(ListenerLimit.Descriptors));
    }

    // Goal: closed connections that wait for their peers keep nobody waiting. Method: two of them, and accepts that
    // fail twice for want of a descriptor.
    [Theory]
    [InlineData(Errno.EMFILE)]
    [InlineData(Errno.ENFILE)]
    public async Task Accept_ClosedConnectionsHaveTheDescriptors_ClosesTheOldestAtOnce(Errno error)
    {
        _fixture.Listen();
        var closed = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            await _fixture.ConnectAsync();
            var connection = (Connection)await _fixture.AcceptAsync();
            closed.Add(connection.Descriptor);
            _fixture.Clock.Advance(TimeSpan.FromSeconds(1));
            await connection.DisposeAsync().Soon();
        }

        await _fixture.LoopBarrierAsync();
        _fixture.Calls.Prepare(SocketCall.Accept, SocketStep.Fails(error), SocketStep.Fails(error));

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal([1, 1, 0], closed.Select(descriptor => _fixture.Calls.CountOf(SocketCall.Close, descriptor)));
        Assert.Equal(0, _fixture.WarningCount);
    }

    // What fails there never does, and nobody can be told whose it was: it is logged, and whoever waits in the kernel,
    // whose edge has been taken, is accepted all the same.
    [Fact]
    public async Task Accept_CallThrows_IsLoggedAndThePeerIsAccepted()
    {
        var left = 1;
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Accept && Interlocked.Decrement(ref left) == 0)
            {
                throw new InvalidOperationException("The test's kernel is out of order.");
            }
        };
        _fixture.Listen();

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Single(_fixture.Log.Entries, entry => entry.Level == LogLevel.Error);
    }

    [Fact]
    public async Task Accept_ShortOfMemoryForLong_LeavesPeersInTheKernel()
    {
        AtTheWarning(() => _fixture.Clock.Advance(Times.Patience));
        _fixture.Listen([.. Enumerable.Repeat(SocketStep.Fails(Errno.ENOBUFS), 3)]);

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal(0, _fixture.Listener.Statistics.RefusalsFor(ListenerLimit.Descriptors));
    }

    // Goal: descriptors that cannot be made are no sign that there are none. Method: memory is short for long, also for
    // the descriptor by which the acceptor looks how many there are.
    [Fact]
    public async Task Accept_ShortOfMemoryForDescriptorsToo_LeavesPeersInTheKernel()
    {
        _fixture.Calls.Prepare(
            SocketCall.OpenProbe, [.. Enumerable.Repeat(SocketStep.Fails(Errno.ENOBUFS), 10)]);
        AtTheWarning(() => _fixture.Clock.Advance(Times.Patience));
        _fixture.Listen(SocketStep.Fails(Errno.ENOBUFS));

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal(0, _fixture.Listener.Statistics.RefusalsFor(ListenerLimit.Descriptors));
    }

    [Theory]
    [InlineData(Errno.ECONNABORTED)]
    [InlineData(Errno.ECONNRESET)]
    [InlineData(Errno.EPROTO)]
    [InlineData(Errno.ENETDOWN)]
    [InlineData(Errno.EHOSTUNREACH)]
    [InlineData(Errno.ENETUNREACH)]
    [InlineData(Errno.EOPNOTSUPP)]
    [InlineData(Errno.ENOPROTOOPT)]
    public async Task Accept_ThePeersFault_IsSkipped(Errno error)
    {
        _fixture.Listen(SocketStep.Fails(error), SocketStep.Fails(error));

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal(0, _fixture.WarningCount);
    }

    // A security module answers before the kernel's queue is looked at: asking again at once would never end.
    [Fact]
    public async Task Accept_RefusedByAPolicy_BacksOff()
    {
        _fixture.Listen([.. Enumerable.Repeat(SocketStep.Fails(Errno.EPERM), 3)]);

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal(1, _fixture.WarningCount);
    }

    [Fact]
    public async Task Accept_PeerIsGoneAndHasNoAddress_ClosesTheDescriptor()
    {
        _fixture.Listen(SocketStep.AddressIsLost);

        await _fixture.ConnectAsync();
        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        await _fixture.LoopBarrierAsync();
        Assert.Single(_fixture.Calls.Calls, made => made.Call == SocketCall.Close);
        Assert.Equal(0, _fixture.Peers[0].Receive(new byte[1]));
    }

    [Fact]
    public async Task Accept_PeerResetsBeforeItIsTaken_ItsReadsSeeTheReset()
    {
        _fixture.Listen();
        var peer = await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => _fixture.AcceptedByTheKernel == 1);
        peer.Reset();

        var connection = await _fixture.AcceptAsync();

        await Assert.ThrowsAsync<ConnectionResetException>(() => connection.Transport.Input.ReadAsync().Soon());
    }

    [Fact]
    public async Task Accept_PeerResetsBeforeItIsAccepted_CostsNobodyElse()
    {
        _fixture.Listen(SocketStep.Fails(Errno.EMFILE));
        var peer = await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => _fixture.WarningCount == 1);
        peer.Reset();
        await _fixture.ConnectAsync();

        // Linux accepts it all the same; a BSD may skip it.
        ConnectionContext connection;
        do
        {
            connection = await _fixture.AcceptAsync();
        }
        while (!connection.RemoteEndPoint!.Equals(_fixture.Peers[1].LocalEndPoint));

        await connection.Transport.Output.WriteAsync("hello"u8.ToArray()).Soon();
        Assert.Equal("hello"u8.ToArray(), await _fixture.Peers[1].ReceiveExactlyAsync(5));
    }

    [Fact]
    public async Task Accept_MoreWaitThanOneWakeTakes_LetsTheLoopGoOnInBetween()
    {
        var accepts = 0;
        var between = new TaskCompletionSource<int>();
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Accept && ++accepts == 1)
            {
                _fixture.Post(() => between.SetResult(accepts));
            }
        };
        _fixture.Listen(
            new KqueueTransportOptions { AcceptsPerWake = 2 },
            [.. Enumerable.Repeat(SocketStep.Fails(Errno.ECONNABORTED), 10)]);

        await _fixture.ConnectAsync();

        await _fixture.AcceptAsync();
        Assert.Equal(2, await between.Task.Soon());
    }

    // Goal: a storm of new connections keeps nobody waiting. Method: the kernel has a thousand of them, and a
    // connection that is there gets a byte at the first.
    [Fact]
    public async Task Accept_StormOfConnections_ServesTheOthersInBetween()
    {
        const int acceptsPerWake = 4;
        _fixture.Listen(new KqueueTransportOptions { AcceptsPerWake = acceptsPerWake });
        var peer = await _fixture.ConnectAsync();
        var connection = await _fixture.AcceptAsync();
        var accepts = 0;
        var served = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = connection.Transport.Input.ReadAsync();
        await _fixture.LoopBarrierAsync();
        _fixture.Calls.BeforeCall = (call, descriptor) =>
        {
            if (call == SocketCall.Accept && ++accepts == 1)
            {
                _ = peer.SendAsync(new byte[1]);
            }
            else if (call == SocketCall.Receive)
            {
                served.TrySetResult(accepts);
            }
        };
        _fixture.Calls.Prepare(
            SocketCall.Accept, [.. Enumerable.Repeat(SocketStep.Fails(Errno.ECONNABORTED), 1000)]);

        await _fixture.ConnectAsync();

        Assert.InRange(await served.Task.Soon(), 1, 3 * acceptsPerWake);
        await reading.Soon();
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task Statistics_AcceptsAndErrors_AreCounted()
    {
        var listener = _fixture.Listen(
            SocketStep.Fails(Errno.ECONNABORTED), SocketStep.Fails(Errno.EMFILE), SocketStep.Fails(Errno.EMFILE));

        await _fixture.ConnectAsync(2);
        await _fixture.AcceptAsync();
        await _fixture.AcceptAsync();

        Assert.Equal(2, listener.Statistics.Accepts);
        Assert.Equal(
            [KeyValuePair.Create(Errno.EMFILE, 2L), KeyValuePair.Create(Errno.ECONNABORTED, 1L)],
            listener.Statistics.Errors.OrderBy(error => error.Key));
        Assert.Equal(0, listener.QueueLength);
    }

    // The acceptor warns before it asks whether the shortage lasts: nothing of it happens meanwhile.
    private void AtTheWarning(Action action) => _fixture.Log.Written = entry =>
    {
        if (entry.Level == LogLevel.Warning)
        {
            action();
        }
    };

    private async Task AssertStillAcceptsAsync()
    {
        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
    }
}
