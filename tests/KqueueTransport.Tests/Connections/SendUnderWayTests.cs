using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>What others do while a thread is inside the kernel's call with a send.</summary>
public sealed class SendUnderWayTests : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);

    private static readonly Dictionary<string, SocketStep> s_refusals = new()
    {
        ["would block"] = SocketStep.WouldBlock,
        ["short count"] = SocketStep.AtMost(1),
        ["no buffers"] = SocketStep.Fails(Errno.ENOBUFS),
    };

    private readonly ConnectionFixture _fixture = new(Scheduling.Inline);

    private readonly SemaphoreSlim _goOn = new(0);

    // Counted by the thread that is inside the call until it may go on.
    private int _closesDuringTheSend = -1;

    public static TheoryData<string> Refusals => [.. s_refusals.Keys];

    public async ValueTask DisposeAsync()
    {
        _goOn.Release();
        await _fixture.DisposeAsync();
        _goOn.Dispose();
    }

    [Fact]
    public async Task FlushAsync_WhileAThreadSends_DoesNotWaitAndIsSentNext()
    {
        var payload = Payload.Create(400);
        var (connection, peer) = await StopInsideASendAsync(payload.AsMemory(0, 200));

        await Task.Run(async () => await connection.Transport.Output.WriteAsync(payload.AsMemory(200, 100))).Soon();
        await Task.Run(async () => await connection.Transport.Output.WriteAsync(payload.AsMemory(300))).Soon();

        _goOn.Release();
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task FlushAsync_WhileTheKernelTakesNotAll_EverythingIsSentInOrder(string refusal)
    {
        var payload = Payload.Create(300);
        var (connection, peer) = await StopInsideASendAsync(payload.AsMemory(0, 200), s_refusals[refusal]);

        await Task.Run(async () => await connection.Transport.Output.WriteAsync(payload.AsMemory(200))).Soon();

        _goOn.Release();
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task FlushAsync_WhileTheSendFails_IsDroppedAndEverybodyHears()
    {
        var payload = Payload.Create(300);
        var (connection, peer) = await StopInsideASendAsync(
            payload.AsMemory(0, 200), SocketStep.Fails(Errno.ECONNRESET));
        var output = connection.Transport.Output;

        var flush = await Task.Run(async () => await output.WriteAsync(payload.AsMemory(200))).Soon();

        Assert.False(flush.IsCompleted);
        _goOn.Release();
        await Assert.ThrowsAsync<ConnectionResetException>(() => connection.Transport.Input.ReadAsync().Soon());
        Assert.True((await output.FlushAsync().Soon()).IsCompleted);
        Assert.Equal(payload[..100], await peer.ReceiveExactlyAsync(100));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Complete_WhileAThreadSends_EverythingIsSentBeforeTheFin()
    {
        var payload = Payload.Create(300);
        var (connection, peer) = await StopInsideASendAsync(payload.AsMemory(0, 200));

        await Task.Run(async () =>
        {
            await connection.Transport.Output.WriteAsync(payload.AsMemory(200));
            await connection.Transport.Output.CompleteAsync();
        }).Soon();

        _goOn.Release();
        Assert.Equal(payload, await peer.ReceiveAllAsync());
    }

    [Fact]
    public async Task Abort_WhileAThreadSends_ClosesBehindTheCall()
    {
        var (connection, _) = await StopInsideASendAsync(new byte[200]);

        connection.Abort();

        Assert.Equal(0, _fixture.ClosesOf(connection.Descriptor));
        _goOn.Release();
        await Waiting.UntilAsync(() => _fixture.ClosesOf(connection.Descriptor) == 1);
        Assert.Equal(0, Volatile.Read(ref _closesDuringTheSend));
    }

    // The first flush is sent, the second is stopped in its call.
    private async Task<(Connection Connection, Socket Peer)> StopInsideASendAsync(
        ReadOnlyMemory<byte> payload, params SocketStep[] steps)
    {
        var (connection, peer) = _fixture.Open();
        var half = payload.Length / 2;
        await connection.Transport.Output.WriteAsync(payload[..half]).Soon();
        await Waiting.UntilAsync(() => _fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor) == 1);
        await _fixture.LoopBarrierAsync();
        _fixture.Calls.Prepare(SocketCall.Send, connection.Descriptor, steps);
        var isInside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fixture.Calls.BeforeCall = (call, descriptor) =>
        {
            if (call == SocketCall.Send && isInside.TrySetResult())
            {
                _goOn.Wait(s_timeout);
                Volatile.Write(ref _closesDuringTheSend, _fixture.ClosesOf(descriptor));
            }
        };
        await connection.Transport.Output.WriteAsync(payload[half..]).Soon();
        await isInside.Task.Soon();
        return (connection, peer);
    }
}
