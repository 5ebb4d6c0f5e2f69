using System.Text.RegularExpressions;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Connections;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Diagnostics;

/// <summary>The meter as the OpenTelemetry SDK reads it, on a listener with real connections.</summary>
[Collection(nameof(WholeProcess))]
public sealed partial class OpenTelemetryTests : IAsyncDisposable
{
    private const string Loop = "measured 0";

    private readonly CollectedMetrics _metrics = new();
    private readonly ListenerFixture _fixture = new("measured");
    private readonly string _endPoint;

    public OpenTelemetryTests() => _endPoint = _fixture.Listen().EndPoint.ToString()!;

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        _metrics.Dispose();
    }

    [Fact]
    public async Task Meter_OneExchange_CountsTheConnectionAndItsBytes()
    {
        var peer = await _fixture.ConnectAsync();
        var connection = await _fixture.AcceptAsync();
        await peer.SendAsync(new byte[300]).Soon();
        var result = await connection.Transport.Input.ReadAtLeastAsync(300).Soon();
        connection.Transport.Input.AdvanceTo(result.Buffer.End);
        await connection.Transport.Output.WriteAsync(new byte[700]).Soon();
        await peer.ReceiveExactlyAsync(700);

        // The peer may have the bytes before the send that gave them to the kernel has counted them.
        await Waiting.UntilAsync(() => _metrics.Collect() && _metrics["kqueue.loop.io", Loop, "transmit"] == 700);
        Assert.Equal(300, _metrics["kqueue.loop.io", Loop, "receive"]);
        Assert.Equal(1, _metrics["kqueue.loop.connection.count", Loop]);
        Assert.Equal(1, _metrics["kqueue.listener.accepts", _endPoint]);
        Assert.Equal(0, _metrics["kqueue.listener.queue.length", _endPoint]);
        Assert.True(_metrics["kqueue.loop.events", Loop] >= 2);
        Assert.True(_metrics["kqueue.loop.waits", Loop] >= 1);
        Assert.True(_metrics["kqueue.loop.handler_time", Loop] > 0);
    }

    [Fact]
    public async Task Meter_ConnectionsEnd_CountsEachByItsFirstCause()
    {
        var aborted = await OpenAsync();
        var reset = await OpenAsync();
        var completed = await OpenAsync();
        aborted.Connection.Abort(new ConnectionAbortedException("The test wants it so."));
        reset.Peer.Close(timeout: 0);
        await completed.Connection.Transport.Output.CompleteAsync();

        // One is counted out of its loop and then by its cause.
        await Waiting.UntilAsync(() => _metrics.Collect() &&
            _metrics["kqueue.loop.connection.count", Loop] == 0 &&
            EndsFor("aborted") + EndsFor("peer_reset") + EndsFor("output_completed") + EndsFor("failed") == 3);

        Assert.Equal(1, EndsFor("aborted"));
        Assert.Equal(1, EndsFor("peer_reset"));
        Assert.Equal(1, EndsFor("output_completed"));
        Assert.Equal(0, EndsFor("failed"));
    }

    [Fact]
    public async Task Meter_ConnectionEnds_HasWhatTheKernelKnewOfIt()
    {
        var (connection, peer) = await OpenAsync();
        await connection.Transport.Output.WriteAsync(new byte[10_000]).Soon();
        await peer.ReceiveExactlyAsync(10_000);
        Assert.True(_metrics.Collect());
        Assert.True(double.IsNaN(_metrics["kqueue.connection.tcp.rtt", _endPoint]));

        await connection.DisposeAsync().Soon();

        await Waiting.UntilAsync(() => _metrics.Collect() && _metrics["kqueue.connection.tcp.rtt", _endPoint] > 0);
        Assert.InRange(_metrics["kqueue.connection.tcp.rtt", _endPoint], 1e-6, 60);
        Assert.InRange(_metrics["kqueue.connection.tcp.retransmits", _endPoint], 0, 100);
        Assert.Equal(
            OperatingSystem.IsLinux(), _metrics["kqueue.connection.tcp.delivery_rate", _endPoint] > 1_000);
        Assert.True(_metrics["kqueue.loop.queue_delay", Loop] > 0);
    }

    [Fact]
    public async Task Meter_ApplicationDoesNotRead_CountsThePause()
    {
        var (connection, peer) = await OpenAsync();

        // The first byte only leaves a mark, the second finds it.
        await peer.SendAsync(new byte[1]).Soon();
        await Waiting.UntilAsync(() => _metrics.Collect() && _metrics["kqueue.loop.events", Loop] >= 2);
        await peer.SendAsync(new byte[1]).Soon();

        await Waiting.UntilAsync(() => _metrics.Collect() && _metrics["kqueue.listener.pauses", _endPoint] == 1);
        Assert.Equal(0, _metrics["kqueue.loop.io", Loop, "receive"]);
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);
    }

    [Fact]
    public void Meter_EveryInstrument_FollowsTheNamingConventions()
    {
        _metrics.Collect();

        Assert.All(_metrics.Instruments, instrument =>
        {
            Assert.Matches(InstrumentName(), instrument.Name);
            Assert.Matches(Unit(), instrument.Unit);
            Assert.EndsWith(".", instrument.Description, StringComparison.Ordinal);
        });
    }

    private async Task<(ConnectionContext Connection, System.Net.Sockets.Socket Peer)> OpenAsync()
    {
        var peer = await _fixture.ConnectAsync();
        return (await _fixture.AcceptAsync(), peer);
    }

    private double EndsFor(string reason) => _metrics["kqueue.listener.ends", reason, _endPoint];

    [GeneratedRegex(@"^kqueue(\.[a-z]+(_[a-z]+)*)+$")]
    private static partial Regex InstrumentName();

    // UCUM: a unit, or an annotation in the singular for what is counted.
    [GeneratedRegex(@"^(1|s|By|By/s|\{[a-z]+(_[a-z]+)*\})$")]
    private static partial Regex Unit();
}
