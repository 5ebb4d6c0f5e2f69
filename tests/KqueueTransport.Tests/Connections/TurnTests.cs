using System.IO.Pipelines;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// What one connection may take before the others of its loop have their turn. Method: the kernel gives it all that it
/// asks for, and in the middle of that another connection gets a byte from its peer.
/// </summary>
public sealed class TurnTests : IAsyncDisposable
{
    // Receives of one turn: 256 KiB, the first blocks of which are small, or so many of a descriptor that lingers.
    private const int ReceivesPerTurnMax = 16;

    // Far more than a turn; then the kernel has no more.
    private const int ReceivesWithoutEnd = 1000;

    // Without hand-over, so that the order of what runs is that of the loop. What lingers is not cut off by the time,
    // however long the loop's thread is set aside.
    private readonly ConnectionFixture _fixture = new(
        Scheduling.Inline,
        options => (options.MaxLingerSize, options.LingerTimeout) = (null, TimeSpan.FromMinutes(10)));

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Upload_WithoutEnd_ServesTheOthersInBetween()
    {
        var upload = await OpenUploadAsync();
        var served = OpenBeside(upload);

        var receiving = ReceiveAsync(upload.Transport.Input);

        Assert.InRange(await served.Soon(), ReceivesPerTurnMax, 3 * ReceivesPerTurnMax);
        upload.Abort();
        await receiving.Soon();
    }

    [Fact]
    public async Task ReadAtLeastAsync_FarMoreThanATurn_ServesTheOthersInBetween()
    {
        var upload = await OpenUploadAsync();
        var served = OpenBeside(upload);

        var reading = upload.Transport.Input.ReadAtLeastAsync(32 * 1024 * 1024);

        Assert.InRange(await served.Soon(), ReceivesPerTurnMax, 3 * ReceivesPerTurnMax);
        Assert.InRange((await reading.Soon()).Buffer.Length, 32 * 1024 * 1024, long.MaxValue);
    }

    [Fact]
    public async Task Dispose_ThePeerSendsWithoutEnd_ServesTheOthersInBetween()
    {
        var upload = await OpenUploadAsync();
        var served = OpenBeside(upload);

        await _fixture.OnLoopAsync(() => _ = upload.DisposeAsync().AsTask());

        Assert.InRange(await served.Soon(), ReceivesPerTurnMax, 3 * ReceivesPerTurnMax);
    }

    /// <summary>A connection whose next receives come back full, although its peer has sent one byte only.</summary>
    private async Task<Connection> OpenUploadAsync()
    {
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Receive, descriptor, [.. Enumerable.Repeat(SocketStep.Fills, ReceivesWithoutEnd)]));
        await peer.SendAsync(new byte[1]).Soon();
        return connection;
    }

    /// <summary>Opens another connection, whose peer sends when the upload has had a turn.</summary>
    /// <returns>How many receives the upload has made when the other one is served.</returns>
    private Task<int> OpenBeside(Connection upload)
    {
        var receives = 0;
        var (connection, peer) = _fixture.Open();
        var socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;
        _fixture.Calls.BeforeCall = (call, descriptor) =>
        {
            if (call == SocketCall.Receive && descriptor == upload.Descriptor &&
                ++receives == ReceivesPerTurnMax)
            {
                _ = peer.SendAsync(new byte[1]);

                // The upload would go on while the byte is on its way.
                Assert.True(SpinWait.SpinUntil(() => socket.Available > 0, TimeSpan.FromSeconds(30)));
            }
        };
        return ServedAsync();

        async Task<int> ServedAsync()
        {
            await connection.Transport.Input.ReadAsync();
            return receives;
        }
    }

    private static async Task ReceiveAsync(PipeReader input)
    {
        try
        {
            while (true)
            {
                input.AdvanceTo((await input.ReadAsync()).Buffer.End);
            }
        }
        catch (ConnectionAbortedException)
        {
            // The test has seen enough.
        }
    }
}
