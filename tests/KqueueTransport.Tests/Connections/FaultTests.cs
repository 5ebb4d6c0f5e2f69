using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// What one connection's application, a memory pool, a logger or the transport itself throws where nobody can catch it:
/// that connection ends, with one message that names it, and the others of its loop are served as before.
/// </summary>
public abstract class FaultSuite : IAsyncDisposable
{
    private readonly int _unhandledBefore = UnhandledExceptions.All.Count;
    private readonly ConnectionFixture _fixture;
    private readonly Connection _victim;
    private readonly Socket _victimsPeer;
    private readonly Neighbour _neighbour;

    internal FaultSuite(Scheduling mode)
    {
        _fixture = new ConnectionFixture(mode);
        (_victim, _victimsPeer) = _fixture.Open();
        _neighbour = new Neighbour(_fixture.Open());
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _fixture.Pool.Returning = null;
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task Read_ContinuationThrows_EndsItsConnection()
    {
        Throwing(_victim.Transport.Input.ReadAsync().GetAwaiter());

        await _victimsPeer.SendAsync(new byte[1]).Soon();

        await AssertOnlyTheVictimEndedAsync();
    }

    // Off the loop, on whatever thread the cancellation is resumed.
    [Fact]
    public async Task Read_ContinuationOfACancelledOneThrows_EndsItsConnection()
    {
        Throwing(_victim.Transport.Input.ReadAsync().GetAwaiter());

        _victim.Transport.Input.CancelPendingRead();

        await AssertOnlyTheVictimEndedAsync();
    }

    [Fact]
    public async Task Flush_ContinuationThrows_EndsItsConnection()
    {
        Throwing((await LeaveAFlushPendingAsync()).GetAwaiter());

        _ = Task.Run(_victimsPeer.ReceiveAllAsync);

        await AssertOnlyTheVictimEndedAsync();
    }

    [Fact]
    public async Task Flush_ContinuationOfACancelledOneThrows_EndsItsConnection()
    {
        Throwing((await LeaveAFlushPendingAsync()).GetAwaiter());

        _victim.Transport.Output.CancelPendingFlush();

        await AssertOnlyTheVictimEndedAsync();
    }

    // The continuation comes when the result is there already, and so does not run where the others do.
    [Fact]
    public async Task Read_ContinuationThatCameLateThrows_EndsItsConnection()
    {
        var awaiter = _victim.Transport.Input.ReadAsync().GetAwaiter();
        await _victimsPeer.SendAsync(new byte[1]).Soon();
        await Waiting.UntilAsync(() => awaiter.IsCompleted);

        Throwing(awaiter);

        await AssertOnlyTheVictimEndedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kernel_CallThrows_EndsItsConnection(bool isSend)
    {
        var failing = isSend ? SocketCall.Send : SocketCall.Receive;
        _fixture.Calls.BeforeCall = (call, descriptor) =>
        {
            if (call == failing && descriptor == _victim.Descriptor)
            {
                throw new InvalidOperationException("The test's kernel is out of order.");
            }
        };
        if (isSend)
        {
            // A flush would throw at the application: the send that the loop makes is what is asked for.
            _victim.Transport.Output.GetMemory(1);
            _victim.Transport.Output.Advance(1);
            await _fixture.OnLoopAsync(() => _ = _victim.Transport.Output.FlushAsync());
        }
        else
        {
            _ = _victim.Transport.Input.ReadAsync();
            await _victimsPeer.SendAsync(new byte[1]).Soon();
        }

        await Waiting.UntilAsync(() => _victim.ConnectionClosed.IsCancellationRequested);
        await _neighbour.AssertServedAsync();
        AssertNothingUnhandled();
    }

    [Fact]
    public async Task Pool_ThrowsAtTheReturn_IsLoggedAndNobodyEnds()
    {
        _ = _victim.Transport.Input.ReadAsync();
        await _victimsPeer.SendAsync(new byte[1]).Soon();
        _fixture.Pool.Returning = static () => throw new InvalidOperationException("The test's pool takes nothing.");

        await _victim.Transport.Output.WriteAsync(new byte[100_000]).Soon();
        await _victimsPeer.ReceiveExactlyAsync(100_000).Soon();
        await _neighbour.AssertServedAsync();
        await _victim.DisposeAsync().Soon();
        _victimsPeer.Dispose();

        await _fixture.AssertClosedSoonAsync(_victim);
        Assert.All(Errors(), entry => Assert.Equal("UnexpectedException", entry.Id.Name));
        Assert.NotEmpty(Errors());
        AssertNothingUnhandled();
    }

    [Fact]
    public async Task Logger_Throws_TheConnectionEndsAllTheSame()
    {
        _fixture.Log.Written = static _ => throw new IOException("The test's disk is full.");

        _victimsPeer.Shutdown(SocketShutdown.Send);
        await Waiting.UntilAsync(() => _victim.ConnectionClosed.IsCancellationRequested);
        await _victim.DisposeAsync().Soon();

        await _neighbour.AssertServedAsync();
        _fixture.Log.Written = null;
        _victimsPeer.Dispose();
        await _fixture.AssertClosedSoonAsync(_victim);
        AssertNothingUnhandled();
    }

    [Fact]
    public async Task ConnectionClosed_CallbackThrows_TheConnectionEndsAllTheSame()
    {
        _victim.ConnectionClosed.Register(static () => throw new InvalidOperationException("The callback failed."));

        _victimsPeer.Reset();

        await Waiting.UntilAsync(() => Errors().Any());
        await _victim.DisposeAsync().Soon();
        await _neighbour.AssertServedAsync();
        Assert.Single(Errors());
        AssertNothingUnhandled();
    }

    // No connection is at fault: there is nobody to end, and the loop goes on.
    [Fact]
    public async Task Loop_WorkThrows_IsLoggedAndTheLoopGoesOn()
    {
        _fixture.Loop.Post(static _ => throw new InvalidOperationException("The test's work failed."), null);
        _fixture.Loop.Schedule(
            TimeSpan.Zero, static _ => throw new InvalidOperationException("The test's timer failed."), null);

        await Waiting.UntilAsync(() => Errors().Count() == 2);
        await _neighbour.AssertServedAsync();
        AssertNothingUnhandled();
    }

    /// <summary>A flush of the victim's that pends and that nobody awaits.</summary>
    private async Task<ValueTask<FlushResult>> LeaveAFlushPendingAsync()
    {
        // On the loop, which then sends it all: so it is the loop that ends the flush.
        Task<FlushResult> flush = null!;
        await _fixture.OnLoopAsync(() => (flush, _) = ConnectionFixture.WriteMoreThanFits(_victim));
        _victim.Transport.Output.CancelPendingFlush();
        await flush.Soon();
        return _victim.Transport.Output.FlushAsync();
    }

    private static void Throwing<TAwaiter>(TAwaiter awaiter)
        where TAwaiter : ICriticalNotifyCompletion =>
        awaiter.UnsafeOnCompleted(static () => throw new InvalidOperationException("The application failed."));

    private IEnumerable<LogEntry> Errors() =>
        _fixture.Log.Entries.Where(entry => entry.Level >= LogLevel.Error);

    private async Task AssertOnlyTheVictimEndedAsync()
    {
        await Waiting.UntilAsync(() => _victim.ConnectionClosed.IsCancellationRequested);
        Assert.Contains(_victim.ConnectionId, Assert.Single(Errors()).Message, StringComparison.Ordinal);
        await _neighbour.AssertServedAsync();
        await _victim.DisposeAsync().Soon();
        Assert.Equal(1, _fixture.ClosesOf(_victim.Descriptor));
        AssertNothingUnhandled();
    }

    private void AssertNothingUnhandled() => Assert.Empty(UnhandledExceptions.All.Skip(_unhandledBefore));

    /// <summary>A connection of the same loop that answers every byte with another.</summary>
    private sealed class Neighbour
    {
        private readonly Socket _peer;

        public Neighbour((Connection Connection, Socket Peer) opened)
        {
            _peer = opened.Peer;
            _ = EchoAsync(opened.Connection);
        }

        public async Task AssertServedAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                await _peer.SendAsync(Payload.Create(10, i * 10)).Soon();
                Payload.Check(await _peer.ReceiveExactlyAsync(10).Soon(), i * 10);
            }
        }

        private static async Task EchoAsync(Connection connection)
        {
            var (input, output) = (connection.Transport.Input, connection.Transport.Output);
            while (true)
            {
                var read = await input.ReadAsync();
                if (read.IsCompleted)
                {
                    return;
                }

                foreach (var part in read.Buffer)
                {
                    await output.WriteAsync(part);
                }

                input.AdvanceTo(read.Buffer.End);
            }
        }
    }
}

public sealed class InlineFaultTests() : FaultSuite(Scheduling.Inline);

public sealed class AdaptiveFaultTests() : FaultSuite(Scheduling.Adaptive);

public sealed class ThreadPoolFaultTests() : FaultSuite(Scheduling.ThreadPool);
