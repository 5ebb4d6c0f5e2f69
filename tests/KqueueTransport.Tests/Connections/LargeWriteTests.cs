using System.IO.Pipelines;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>Writes above the limit, which the kernel takes from the application's own memory.</summary>
public sealed class LargeWriteTests : IAsyncDisposable
{
    private const int MiB = 1 << 20;

    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task WriteAsync_FarAboveTheLimit_TakesNoBlocks()
    {
        var (connection, peer) = _fixture.Open();
        var payload = Payload.Create(32 * MiB);

        var writing = connection.Transport.Output.WriteAsync(payload).AsTask();
        Assert.True(await writing.IsStalledAsync());
        var rentedWhileItPends = _fixture.Pool.RentedBytes;
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));

        await writing.Soon();
        Assert.Equal(0, rentedWhileItPends);
        await _fixture.AssertEndedCleanlyAsync();
    }

    // What the write leaves to the connection is below the limit, and its memory is the application's again.
    [Fact]
    public async Task WriteAsync_Completes_TheMemoryMayChange()
    {
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, SocketStep.AtMost(MiB - 1000), SocketStep.WouldBlock, SocketStep.AtMost(1)));
        var payload = Payload.Create(MiB);
        var written = payload.ToArray();

        var receiving = peer.ReceiveExactlyAsync(payload.Length);
        await connection.Transport.Output.WriteAsync(written).Soon();
        Array.Clear(written);

        Assert.Equal(payload, await receiving);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WriteAsync_CancelledWhileItPends_EverythingArrivesAndTheMemoryMayChange(bool byToken)
    {
        var (connection, peer) = _fixture.Open();
        var payload = Payload.Create(16 * MiB);
        var written = payload.ToArray();
        using var token = new CancellationTokenSource();
        var writing = connection.Transport.Output.WriteAsync(written, token.Token).AsTask();
        Assert.True(await writing.IsStalledAsync());

        if (byToken)
        {
            token.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.Soon());
        }
        else
        {
            connection.Transport.Output.CancelPendingFlush();
            Assert.True((await writing.Soon()).IsCanceled);
        }

        Array.Clear(written);
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The memory is the application's until the write completes, and that is not before the kernel's call is back.
    [Theory]
    [InlineData("cancel")]
    [InlineData("abort")]
    public async Task WriteAsync_EndedInsideTheKernelsCall_CompletesBehindIt(string how)
    {
        using var isInside = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        var (connection, _) = _fixture.Open();
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Send)
            {
                isInside.Release();
                Assert.True(goOn.Wait(TimeSpan.FromSeconds(20)));
            }
        };
        var writing = connection.Transport.Output.WriteAsync(new byte[MiB]).AsTask();
        Assert.True(await isInside.WaitAsync(TimeSpan.FromSeconds(20)));

        if (how == "cancel")
        {
            connection.Transport.Output.CancelPendingFlush();
        }
        else
        {
            connection.Abort();
        }

        await _fixture.LoopBarrierAsync();
        Assert.False(writing.IsCompleted);
        _fixture.Calls.BeforeCall = null;
        goOn.Release(100);
        Assert.True((await writing.Soon()) is { IsCanceled: true } or { IsCompleted: true });
    }

    [Fact]
    public async Task WriteAsync_SmallOnesBeforeAndBehind_KeepTheOrder()
    {
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, SocketStep.AtMost(5), SocketStep.WouldBlock, SocketStep.AtMost(70_000)));
        var payload = Payload.Create(300_000);
        PipeWriter output = connection.Transport.Output;
        var receiving = peer.ReceiveExactlyAsync(payload.Length);

        await output.WriteAsync(payload.AsMemory(0, 1000)).Soon();
        payload.AsSpan(1000, 1000).CopyTo(output.GetSpan(1000));
        output.Advance(1000);
        await output.WriteAsync(payload.AsMemory(2000, 100_000)).Soon();
        await output.WriteAsync(payload.AsMemory(102_000, 100_000)).Soon();
        payload.AsSpan(202_000, 98_000).CopyTo(output.GetSpan(98_000));
        output.Advance(98_000);
        await output.FlushAsync().Soon();

        Assert.Equal(payload, await receiving);
        await _fixture.AssertEndedCleanlyAsync();
    }
}
