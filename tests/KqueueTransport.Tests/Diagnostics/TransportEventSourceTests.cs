using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using Kqueue.EventLoops.Driving;
using KqueueTransport.Diagnostics;
using KqueueTransport.Tests.Connections;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Diagnostics;

/// <summary>The event source as an EventListener reads it, on a listener with real connections.</summary>
[Collection(nameof(WholeProcess))]
public sealed class TransportEventSourceTests
{
    [Fact]
    public async Task Connection_ItsWholeLife_HasAStartAndAStop()
    {
        await using var fixture = new ListenerFixture();
        using var events = new Events();
        fixture.Listen();
        var peer = await fixture.ConnectAsync();
        var connection = await fixture.AcceptAsync();

        connection.Abort(new ConnectionAbortedException("The test wants it so."));

        var start = Assert.Single(events.Of("ConnectionStart"));
        Assert.Equal([connection.ConnectionId, $"{fixture.Listener.EndPoint}", $"{peer.LocalEndPoint}"], start);
        Assert.Equal([connection.ConnectionId, "aborted"], Assert.Single(events.Of("ConnectionStop")));
    }

    [Fact]
    public async Task Handler_BlocksItsLoop_IsNamed()
    {
        await using var fixture = new ConnectionFixture();
        using var events = new Events();
        var (connection, _) = fixture.Open();

        connection.OnStayed(HandlerStay.Blocked);

        Assert.Equal([connection.ConnectionId, fixture.Loop.Name], Assert.Single(events.Of("HandlerBlocks")));
    }

    [Fact]
    public async Task Counters_AListenerIsBusy_TellWhatItDoes()
    {
        await using var fixture = new ListenerFixture(handOver: false);
        using var events = new Events(counterInterval: "0.05");
        fixture.Listen();
        var peer = await fixture.ConnectAsync();
        var connection = await fixture.AcceptAsync();

        // A rate begins with the first interval, so what it shall count comes after that. A second look at the
        // connection is behind all rates of the first.
        await Waiting.UntilAsync(() => events.Counters("connections").Count(value => value == 1) > 1);
        await fixture.ConnectAsync();
        await fixture.AcceptAsync();
        await Waiting.UntilAsync(() => events.CounterPeak("accepts-per-second") == 1);
        await peer.SendAsync(new byte[300]).Soon();
        var result = await connection.Transport.Input.ReadAtLeastAsync(300).Soon();
        connection.Transport.Input.AdvanceTo(result.Buffer.End);
        await connection.Transport.Output.WriteAsync(new byte[700]).Soon();

        await Waiting.UntilAsync(() => events.CounterPeak("bytes-received-per-second") == 300);
        await Waiting.UntilAsync(() => events.CounterPeak("bytes-sent-per-second") == 700);
        Assert.Equal(0, events.CounterPeak("hand-overs-per-second"));
    }

    // Nobody listens: a connection that is never asked for its id does not make one.
    [Fact]
    public async Task Connection_NobodyListens_WritesNothing()
    {
        await using var fixture = new ListenerFixture();
        using (new Events())
        {
        }

        fixture.Listen();
        await fixture.ConnectAsync();
        await fixture.AcceptAsync();

        Assert.False(KqueueTransport.Diagnostics.TransportEventSource.Log.IsEnabled());
    }

    /// <summary>What the transport's source has written.</summary>
    private sealed class Events : EventListener
    {
        private readonly ConcurrentQueue<EventWrittenEventArgs> _events = [];

        public Events(string? counterInterval = null)
        {
            var arguments = new Dictionary<string, string?>();
            if (counterInterval is not null)
            {
                arguments["EventCounterIntervalSec"] = counterInterval;
            }

            EnableEvents(
                KqueueTransport.Diagnostics.TransportEventSource.Log, EventLevel.Informational, EventKeywords.All,
                arguments);
        }

        public IEnumerable<object?[]> Of(string name) =>
            _events.Where(written => written.EventName == name).Select(written => written.Payload!.ToArray());

        /// <summary>What each interval had.</summary>
        public IEnumerable<double> Counters(string name) => Of("EventCounters")
            .Select(payload => (IDictionary<string, object>)payload[0]!)
            .Where(counter => (string)counter["Name"] == name)
            .Select(counter => (double)(counter.TryGetValue("Increment", out var rate) ? rate : counter["Mean"]));

        /// <summary>The most that one interval had.</summary>
        public double CounterPeak(string name) => Counters(name).DefaultIfEmpty(-1).Max();

        protected override void OnEventWritten(EventWrittenEventArgs eventData) => _events?.Enqueue(eventData);
    }
}
