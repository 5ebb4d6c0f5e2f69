using System.IO.Pipelines;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>Reads that want more bytes than there are.</summary>
public sealed class ReadAtLeastTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    // Here a Pipe would wait for ten more bytes, although its documentation says otherwise.
    [Fact]
    public async Task ReadAtLeastAsync_BytesWereExaminedBefore_TheyCount()
    {
        var (connection, peer) = _fixture.Open();
        await peer.SendAsync(Payload.Create(9)).Soon();
        var result = await Input(connection).ReadAtLeastAsync(9).Soon();
        Input(connection).AdvanceTo(result.Buffer.Start, result.Buffer.End);
        var reading = Input(connection).ReadAtLeastAsync(10);

        await peer.SendAsync(Payload.Create(1, 9)).Soon();

        Payload.Check((await reading.Soon()).Buffer);
    }

    [Fact]
    public async Task ReadAtLeastAsync_TokenCancelledWithTooFewBytes_TheNextReadShowsThem()
    {
        using var cancellation = new CancellationTokenSource();
        var (connection, peer) = _fixture.Open();
        var reading = Input(connection).ReadAtLeastAsync(10, cancellation.Token).AsTask();
        await peer.SendAsync(Payload.Create(9)).Soon();
        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Soon());
        Assert.Equal(9, (await Input(connection).ReadAsync().Soon()).Buffer.Length);
    }

    private static PipeReader Input(Connection connection) => connection.Transport.Input;
}
