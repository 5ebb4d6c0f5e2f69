using System.Net.Sockets;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// Threads and files of the application find descriptors when connections would take them all. Method: a limit that
/// the process has passed long ago.
/// </summary>
public sealed class DescriptorHeadroomTests : IAsyncDisposable
{
    // On a busy machine a hand-over would let the loop go on while a round still refuses.
    private readonly ListenerFixture _fixture = new(handOver: false, descriptorLimit: 8);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Accept_FewDescriptorsAreLeft_LeavesThemToTheProcessUntilThereAreMore()
    {
        _fixture.Listen();
        await _fixture.ConnectAsync(2);
        await _fixture.AcceptAsync();
        await Waiting.UntilAsync(() => _fixture.WarningCount == 1);
        var looks = _fixture.CountOf(SocketCall.OpenProbe);
        await Waiting.UntilAsync(() => _fixture.CountOf(SocketCall.OpenProbe) > looks + 1);
        Assert.Equal(1, _fixture.AcceptedByTheKernel);

        _fixture.Calls.Limit = null;

        await _fixture.AcceptAsync();
        Assert.Equal(1, _fixture.WarningCount);
    }

    [Fact]
    public async Task Accept_FewDescriptorsAreLeftForLong_PeersAreReset()
    {
        _fixture.Listen();
        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
        var peer = await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => _fixture.WarningCount == 1);

        _fixture.Clock.Advance(Times.Patience);

        var error = await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        _fixture.Calls.Limit = null;

        // The round that refused the peer would refuse the next one, too.
        await _fixture.LoopBarrierAsync();
        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task Accept_ThereAreDescriptorsAgain_LooksForThemNoMore()
    {
        _fixture.Listen();
        await _fixture.ConnectAsync(2);
        await _fixture.AcceptAsync();
        await Waiting.UntilAsync(() => _fixture.WarningCount == 1);
        _fixture.Calls.Limit = null;
        await _fixture.AcceptAsync();
        await _fixture.LoopBarrierAsync();
        var looks = _fixture.CountOf(SocketCall.OpenProbe);

        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();

        Assert.Equal(looks, _fixture.CountOf(SocketCall.OpenProbe));
    }

    [Fact]
    public async Task Unbind_FewDescriptorsAreLeft_TakesWhatTheKernelHas()
    {
        _fixture.Listen();
        await _fixture.ConnectAsync(3);
        await _fixture.AcceptAsync();
        await Waiting.UntilAsync(() => _fixture.WarningCount == 1);

        await _fixture.Listener.UnbindAsync().AsTask().Soon();

        await _fixture.AcceptAsync();
        await _fixture.AcceptAsync();
        Assert.Equal(3, _fixture.AcceptedByTheKernel);
    }
}
