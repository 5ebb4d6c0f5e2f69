using System.Diagnostics.Metrics;
using Kqueue.EventLoops;

namespace KqueueTransport.Diagnostics;

// The instruments of loops: what a loop counts itself, and what its connections count.
internal sealed partial class TransportMetrics
{
    public const string LoopTag = "kqueue.loop.name";

    private void ObserveLoops()
    {
        Meter.CreateObservableUpDownCounter(
            "kqueue.loop.registration.count",
            () => OfLoops(loop => loop.RegistrationCount),
            "{registration}",
            "Descriptors of a loop: its connections, those that wait for their peers' end, and listen sockets.");
        Meter.CreateObservableCounter(
            "kqueue.loop.waits", () => OfLoops(loop => loop.WaitCount), "{wait}", "Waits of a loop.");
        Meter.CreateObservableCounter(
            "kqueue.loop.events", () => OfLoops(loop => loop.EventCount), "{event}", "Events that a loop has taken.");
        Meter.CreateObservableCounter(
            "kqueue.loop.hand_overs",
            () => OfLoops(loop => loop.HandOverCount),
            "{hand_over}",
            "Times that a loop was taken from a thread that was stuck.");
        ObserveTimes();
        ObserveConnections();
        var delays = new QueueDelays(Meter);
        foreach (var loop in _group.Loops)
        {
            loop.QueueDelays = delays;
        }
    }

    private void ObserveTimes()
    {
        Meter.CreateObservableCounter(
            "kqueue.loop.handler_time",
            () => OfLoops(loop => loop.HandlerTime.TotalSeconds),
            "s",
            "Time that a loop has spent outside of its queue: receiving, in the application, sending, in timers.");
        Meter.CreateObservableCounter(
            "kqueue.loop.left_behind_time",
            () => OfLoops(loop => loop.LeftBehindTime.TotalSeconds),
            "s",
            "Time that handlers went on after their loop was taken from them or given away, once they are back.");
    }

    private void ObserveConnections()
    {
        Meter.CreateObservableUpDownCounter(
            "kqueue.loop.connection.count",
            () => OfLoops(loop => _statistics[loop].Connections),
            "{connection}",
            "Connections of a loop.");
        Meter.CreateObservableCounter(
            "kqueue.loop.io",
            () => _statistics.SelectMany(loop => DirectionsOf(loop.Key.Name, loop.Value)),
            "By",
            "Bytes that the connections of a loop have received and sent.");
    }

    private IEnumerable<Measurement<T>> OfLoops<T>(Func<EventLoop, T> value)
        where T : struct =>
        _group.Loops.Select(loop => new Measurement<T>(value(loop), Tag(LoopTag, loop.Name)));

    // The attribute and its values are those of OpenTelemetry's semantic conventions.
    private static IEnumerable<Measurement<long>> DirectionsOf(string loop, LoopStatistics statistics) =>
    [
        new(statistics.BytesReceived, Tag(LoopTag, loop), Tag("network.io.direction", "receive")),
        new(statistics.BytesSent, Tag(LoopTag, loop), Tag("network.io.direction", "transmit")),
    ];
}
