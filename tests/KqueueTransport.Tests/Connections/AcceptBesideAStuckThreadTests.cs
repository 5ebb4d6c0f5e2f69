using Kqueue;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>A thread that is stuck while it accepts costs its loop no other one.</summary>
public sealed class AcceptBesideAStuckThreadTests : IAsyncDisposable
{
    private readonly ListenerFixture _fixture = new();
    private readonly ManualResetEventSlim _mayGoOn = new();

    public async ValueTask DisposeAsync()
    {
        _mayGoOn.Set();
        await _fixture.DisposeAsync();
        _mayGoOn.Dispose();
    }

    [Fact]
    public async Task Accept_LogBlocks_CostsTheLoopOneThread()
    {
        const int connections = 20;
        using var isStuck = new ManualResetEventSlim();
        _fixture.Log.Written = entry => BlockAt(entry.Level == LogLevel.Warning, isStuck);
        _fixture.Listen(SocketStep.Fails(Errno.EMFILE));
        await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => isStuck.IsSet);

        // Each is an event of the listen socket; the barrier comes behind it.
        for (var i = 1; i < connections; i++)
        {
            await _fixture.ConnectAsync();
            await _fixture.LoopBarrierAsync();
        }

        // A busy machine may make it look stuck a few times more.
        Assert.InRange(_fixture.HandOvers, 1, connections / 2);
        _mayGoOn.Set();
        for (var i = 0; i < connections; i++)
        {
            await _fixture.AcceptAsync();
        }
    }

    // Goal: an edge that comes while a batch is under way is not lost. Method: the kernel has told the batch that there
    // is nothing, before the connection comes whose edge another thread sees.
    [Fact]
    public async Task Accept_EventWhileABatchEnds_IsNotForgotten()
    {
        using var isStuck = new ManualResetEventSlim();
        _fixture.Calls.BeforeCall = (call, _) => BlockAt(call == SocketCall.Accept, isStuck);
        _fixture.Listen(SocketStep.WouldBlock);
        await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => isStuck.IsSet);
        await _fixture.LoopBarrierAsync();
        await _fixture.ConnectAsync();
        await _fixture.LoopBarrierAsync();

        _mayGoOn.Set();

        await _fixture.AcceptAsync();
        await _fixture.AcceptAsync();
    }

    private void BlockAt(bool isThePlace, ManualResetEventSlim isStuck)
    {
        if (isThePlace)
        {
            isStuck.Set();
            Assert.True(_mayGoOn.Wait(TimeSpan.FromSeconds(30)));
        }
    }
}
