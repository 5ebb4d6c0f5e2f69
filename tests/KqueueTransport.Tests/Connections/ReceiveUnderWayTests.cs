using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// Events that come while another thread is inside the kernel's call with a receive, where it may be set aside: the
/// loop leaves them to that thread and goes on, and none is lost.
/// </summary>
public sealed class ReceiveUnderWayTests : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);

    // Nobody takes this loop from a driver that waits.
    private readonly ConnectionFixture _fixture = new(Scheduling.Inline);

    private readonly SemaphoreSlim _goOn = new(0);

    public async ValueTask DisposeAsync()
    {
        _goOn.Release();
        await _fixture.DisposeAsync();
        _goOn.Dispose();
    }

    // The receive comes back short, so that the socket passes for drained: what the event said must not be forgotten.
    [Fact]
    public async Task Event_WhileAThreadReceives_IsLeftToItAndNothingIsLost()
    {
        var (connection, _, read) = await StopInsideAReceiveAsync("ab", SocketStep.AtMost(1));

        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        _goOn.Release();
        Assert.Equal("a", await read.Soon());
        Assert.Equal("b", await ReadAsync(connection));
        await _fixture.AssertEndedCleanlyAsync();
    }

    // A kernel that only counts: a short receive may have stopped at a mark.
    [Fact]
    public async Task EventThatCounts_WhileAThreadReceives_IsReceivedUntilWouldBlock()
    {
        var (connection, _, read) = await StopInsideAReceiveAsync("abc", SocketStep.AtMost(1), SocketStep.AtMost(1));

        await _fixture.RaiseAsync(connection, KEventFilter.Read, data: 2);

        _goOn.Release();
        Assert.Equal("a", await read.Soon());
        Assert.Equal("b", await ReadAsync(connection));
        Assert.Equal("c", await ReadAsync(connection));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task EofEvent_WhileAThreadReceives_IsToldThoughNobodyReads()
    {
        var (connection, peer, read) = await StopInsideAReceiveAsync("ab", SocketStep.AtMost(2));
        var isClosed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionClosed.Register(isClosed.SetResult);

        peer.Shutdown(SocketShutdown.Send);
        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Eof);

        _goOn.Release();
        Assert.Equal("ab", await read.Soon());
        await isClosed.Task.Soon();
        Assert.True((await connection.Transport.Input.ReadAsync().Soon()).IsCompleted);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task End_OnTheLoopWhileAThreadReceives_DoesNotHoldUpTheLoop()
    {
        var (connection, _, read) = await StopInsideAReceiveAsync("ab", SocketStep.AtMost(2));

        connection.Loop.Post(_ => connection.Abort(), null);
        await _fixture.LoopBarrierAsync();

        Assert.False(read.IsCompleted);
        _goOn.Release();
        Assert.Equal("ab", await read.Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The bytes have come, an event has told of them, and a thread is inside the receive that takes some of them.
    private async Task<(Connection Connection, Socket Peer, Task<string> Read)> StopInsideAReceiveAsync(
        string sent, params SocketStep[] steps)
    {
        var (connection, peer) = _fixture.Open();
        await peer.SendAsync(Encoding.ASCII.GetBytes(sent)).Soon();
        await Waiting.UntilAsync(() => _fixture.Loop.EventCount > 0);
        await _fixture.RaiseAsync(connection, KEventFilter.Read);
        _fixture.Calls.Prepare(SocketCall.Receive, connection.Descriptor, steps);
        var isInside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Receive && isInside.TrySetResult())
            {
                _goOn.Wait(s_timeout);
            }
        };
        var read = Task.Run(() =>
            connection.Transport.Input.TryRead(out var result) ? Take(connection, result) : "nothing");
        await isInside.Task.Soon();
        return (connection, peer, read);
    }

    private static async Task<string> ReadAsync(Connection connection) =>
        Take(connection, await connection.Transport.Input.ReadAsync().Soon());

    private static string Take(Connection connection, ReadResult read)
    {
        var text = Encoding.ASCII.GetString(read.Buffer);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
        return text;
    }
}
