using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections.Input;
using KqueueTransport.Tests.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// When a connection says that it stops receiving (event 4) and that it goes on (event 5): while nobody reads, bytes
/// stay in the kernel, and the second time that the kernel announces some, the peer is being held back.
/// </summary>
public sealed class PauseTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Input_MoreThanOnceWhileNobodyReads_IsLoggedOnceUntilTheNextRead()
    {
        var (connection, peer) = _fixture.Open();
        await peer.SendAsync(new byte[10]).Soon();
        for (var i = 0; i < 3; i++)
        {
            await _fixture.RaiseAsync(connection, KEventFilter.Read);
        }

        Assert.Equal(["ConnectionPause"], PausesAndResumes());
        var result = await connection.Transport.Input.ReadAsync().Soon();
        connection.Transport.Input.AdvanceTo(result.Buffer.End);

        // The read may be back before the loop has said that it goes on.
        await Waiting.UntilAsync(() => PausesAndResumes().Count() > 1);
        Assert.Equal(["ConnectionPause", "ConnectionResume"], PausesAndResumes());
    }

    [Fact]
    public async Task Input_ReadAsItComes_IsNotLogged()
    {
        var (connection, peer) = _fixture.Open();
        var input = (ConnectionReader)connection.Transport.Input;
        for (var i = 0; i < 20; i++)
        {
            // By turns before the event and behind it. Beside it, who has the lock does not know how much there is.
            var early = i % 2 == 0 ? input.ReadAsync().AsTask() : null;
            await peer.SendAsync(new byte[10]).Soon();
            await Waiting.UntilAsync(() => early is { IsCompleted: true } || input.HasUnreceived);
            var result = await (early ?? input.ReadAsync().AsTask()).Soon();
            input.AdvanceTo(result.Buffer.End);
        }

        Assert.Empty(PausesAndResumes());
    }

    // The end is announced, so bytes are received ahead of the application to find it, but only up to the limit.
    [Fact]
    public async Task Input_EndsBehindMoreThanTheLimit_IsLogged()
    {
        await using var fixture = new ConnectionFixture(configure: options => options.MaxReadBufferSize = 10_000);
        var (connection, peer) = fixture.Open();

        // Few enough for the kernel's receive buffer, or the end stays with the peer until somebody reads.
        await peer.SendAsync(new byte[40_000]).Soon();
        peer.Shutdown(SocketShutdown.Send);
        await Waiting.UntilAsync(() => fixture.Log.Entries.Any(entry => entry.Id.Id == 4));
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);

        await connection.Transport.Input.CopyToAsync(Stream.Null).Soon();

        await Waiting.UntilAsync(() => fixture.Log.Entries.Any(entry => entry.Id.Id == 5));
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Input_NobodyWillReadIt_IsNotLogged()
    {
        var (connection, peer) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.WouldBlock));
        await connection.Transport.Input.CompleteAsync();
        await peer.SendAsync(new byte[10]).Soon();

        await _fixture.RaiseAsync(connection, KEventFilter.Read);
        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        Assert.Empty(PausesAndResumes());
    }

    private IEnumerable<string?> PausesAndResumes() => _fixture.Log.Entries
        .Where(entry => entry is { Level: LogLevel.Debug, Id.Id: 4 or 5 }).Select(entry => entry.Id.Name);
}
