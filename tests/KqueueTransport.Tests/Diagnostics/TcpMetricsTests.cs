using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using KqueueTransport.Tests.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Diagnostics;

/// <summary>What the kernel knew of connections, as somebody hears it who listens to their ends.</summary>
public sealed class TcpMetricsTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Instrument, object? EndPoint)> _told = [];

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task End_SomebodyListens_AsksOnceForAllAndTellsWhoseConnectionItWas()
    {
        Listen("kqueue.connection.tcp.");
        var (connection, peer) = _fixture.Open();
        await connection.Transport.Output.WriteAsync(new byte[10_000]).Soon();
        await peer.ReceiveExactlyAsync(10_000);
        Assert.Equal(0, _fixture.Calls.TcpInfoCount);

        await connection.DisposeAsync().Soon();

        Assert.Equal(1, _fixture.Calls.TcpInfoCount);
        string[] linux = OperatingSystem.IsLinux() ? ["kqueue.connection.tcp.delivery_rate"] : [];
        Assert.Equal(
            [.. linux, "kqueue.connection.tcp.retransmits", "kqueue.connection.tcp.rtt"],
            _told.Select(told => told.Instrument).Order());
        Assert.All(_told, told => Assert.Equal(connection.LocalEndPoint!.ToString(), told.EndPoint));
    }

    [Fact]
    public async Task End_SomebodyListensToAnotherInstrument_AsksNobody()
    {
        Listen("kqueue.loop.");
        var (connection, _) = _fixture.Open();

        await connection.DisposeAsync().Soon();

        Assert.Equal(0, _fixture.Calls.TcpInfoCount);
    }

    [Fact]
    public async Task End_WhoListensThrows_TheConnectionIsClosedOnce()
    {
        Listen("kqueue.connection.tcp.", throws: true);
        var (connection, _) = _fixture.Open();
        connection.Abort(ConnectionFixture.AbortReason);

        await connection.DisposeAsync().Soon();

        _fixture.AssertClosed(connection, SocketCall.Abort);
        Assert.IsType<InvalidOperationException>(
            Assert.Single(_fixture.Log.Entries, entry => entry.Level == LogLevel.Error).Exception);
    }

    private void Listen(string prefix, bool throws = false)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _fixture.Meter && instrument.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Tell(instrument, tags, throws));
        _listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Tell(instrument, tags, throws));
        _listener.Start();
    }

    private void Tell(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags, bool throws)
    {
        if (throws)
        {
            throw new InvalidOperationException("Whoever listens has a bug.");
        }

        _told.Enqueue((instrument.Name, Assert.Single(tags.ToArray()).Value));
    }
}
