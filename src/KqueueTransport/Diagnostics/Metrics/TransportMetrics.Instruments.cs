using System.Diagnostics.Metrics;
using System.Net;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Closing;

namespace KqueueTransport.Diagnostics.Metrics;

// The instruments that are observed: of the group, of its loops and of the listeners.
internal sealed partial class TransportMetrics
{
    public const string LoopTag = "kqueue.loop.name";

    private static readonly ShutdownReason[] s_endReasons = Enum.GetValues<ShutdownReason>()[1..];

    public static KeyValuePair<string, object?> EndPointTag(EndPoint endPoint) =>
        Tag("kqueue.listener.endpoint", endPoint.ToString());

    private void ObserveGroup()
    {
        Counter("kqueue.hand_overs", "{hand_over}", HandOvers,
            "Loops taken from a thread that was stuck in a handler; and looks that found no thread to take one.");
        UpDownCounter("kqueue.thread.count", "{thread}", Threads,
            "Threads that drive a loop or run a handler, and threads that stand by.");
    }

    private void ObserveLoops()
    {
        UpDownCounter("kqueue.loop.registration.count", "{registration}", OfLoops(loop => loop.RegistrationCount),
            "Descriptors of a loop: its connections, those that wait for their peers' end, and listen sockets.");
        Counter("kqueue.loop.waits", "{wait}", OfLoops(loop => loop.WaitCount),
            "Waits of a loop.");
        Counter("kqueue.loop.events", "{event}", OfLoops(loop => loop.EventCount),
            "Events that a loop has taken.");
        Counter("kqueue.loop.hand_overs", "{hand_over}", OfLoops(loop => loop.HandOverCount),
            "Times that a loop was taken from a thread that was stuck.");
        Counter("kqueue.loop.handler_time", "s", OfLoops(loop => loop.HandlerTime.TotalSeconds),
            "Time that a loop has spent outside of its queue: receiving, in the application, sending, in timers.");
        Counter("kqueue.loop.left_behind_time", "s", OfLoops(loop => loop.LeftBehindTime.TotalSeconds),
            "Time that handlers went on after their loop was taken from them or given away, once they are back.");
        UpDownCounter("kqueue.loop.connection.count", "{connection}", OfLoops(loop => _statistics[loop].Connections),
            "Connections of a loop.");
        Counter("kqueue.loop.io", "By", () => _statistics.SelectMany(loop => DirectionsOf(loop.Key.Name, loop.Value)),
            "Bytes that the connections of a loop have received and sent.");
        var delays = new QueueDelays(Meter);
        foreach (var loop in _group.Loops)
        {
            loop.QueueDelays = delays;
        }
    }

    private void ObserveListeners()
    {
        Meter.CreateObservableGauge(
            "kqueue.listener.inline",
            OfListeners(listener => listener.RunsInline ? 1 : 0),
            "1",
            "1 while the listener's application runs on the loops, 0 while it runs on other threads.");
        UpDownCounter("kqueue.listener.queue.length", "{connection}", OfListeners(listener => listener.QueueLength),
            "Accepted connections that wait for the server to take them.");
        Counter("kqueue.listener.accepts", "{connection}", OfListeners(listener => listener.Statistics.Accepts),
            "Connections that a listener has accepted.");
        Counter("kqueue.listener.refusals", "{connection}", OfLimits((counts, limit) => counts.RefusalsFor(limit)),
            "Connections that a listener has reset because of a limit.");
        Counter("kqueue.listener.waits", "{wait}", OfLimits((counts, limit) => counts.WaitsFor(limit)),
            "Times that a limit made a listener leave connections in the kernel.");
        Counter("kqueue.listener.accept_errors", "{error}", Errors,
            "Failures to accept, by their cause.");
        Counter("kqueue.listener.ends", "{connection}", Ends,
            "Connections of a listener that have ended, by their first cause.");
        Counter("kqueue.listener.pauses", "{pause}", OfListeners(listener => listener.Statistics.Pauses),
            "Times that a connection of a listener stopped receiving because the application did not read.");
    }

    private void Counter<T>(
        string name, string unit, Func<IEnumerable<Measurement<T>>> values, string description)
        where T : struct => Meter.CreateObservableCounter(name, values, unit, description);

    private void UpDownCounter<T>(
        string name, string unit, Func<IEnumerable<Measurement<T>>> values, string description)
        where T : struct => Meter.CreateObservableUpDownCounter(name, values, unit, description);

    private IEnumerable<Measurement<long>> HandOvers() =>
    [
        new(_group.HandOverCount, Tag("kqueue.hand_over.outcome", "taken")),
        new(_group.RefusedHandOverCount, Tag("kqueue.hand_over.outcome", "refused")),
    ];

    private IEnumerable<Measurement<int>> Threads()
    {
        var standby = _group.StandbyThreadCount;
        return
        [
            new(standby, Tag("kqueue.thread.state", "standby")),
            new(_group.ThreadCount - standby, Tag("kqueue.thread.state", "busy")),
        ];
    }

    private Func<IEnumerable<Measurement<T>>> OfLoops<T>(Func<EventLoop, T> value)
        where T : struct =>
        () => _group.Loops.Select(loop => new Measurement<T>(value(loop), Tag(LoopTag, loop.Name)));

    // The attribute and its values are those of OpenTelemetry's semantic conventions.
    private static IEnumerable<Measurement<long>> DirectionsOf(string loop, LoopStatistics statistics) =>
    [
        new(statistics.BytesReceived, Tag(LoopTag, loop), Tag("network.io.direction", "receive")),
        new(statistics.BytesSent, Tag(LoopTag, loop), Tag("network.io.direction", "transmit")),
    ];

    private Func<IEnumerable<Measurement<T>>> OfListeners<T>(Func<IMeasuredListener, T> value)
        where T : struct =>
        () => Listeners().Select(listener => new Measurement<T>(value(listener), EndPointTag(listener.EndPoint)));

    private Func<IEnumerable<Measurement<long>>> OfLimits(Func<ListenerStatistics, ListenerLimit, long> count) =>
        () =>
        from listener in Listeners()
        from limit in Enum.GetValues<ListenerLimit>()
        select Of(listener, count(listener.Statistics, limit), Tag("kqueue.listener.limit", MetricName.Of(limit)));

    private IEnumerable<Measurement<long>> Errors() =>
        from listener in Listeners()
        from error in listener.Statistics.Errors
        select Of(listener, error.Value, Tag("error.type", error.Key.ToString()));

    private IEnumerable<Measurement<long>> Ends() =>
        from listener in Listeners()
        from reason in s_endReasons
        let tag = Tag("kqueue.connection.end_reason", MetricName.Of(reason))
        select Of(listener, listener.Statistics.EndsFor(reason), tag);

    private static Measurement<long> Of(IMeasuredListener listener, long count, KeyValuePair<string, object?> tag) =>
        new(count, EndPointTag(listener.EndPoint), tag);

    private static KeyValuePair<string, object?> Tag(string name, string? value) => new(name, value);
}
