using System.Diagnostics.Metrics;
using System.Net;
using KqueueTransport.Connections;

namespace KqueueTransport.Diagnostics;

// The instruments of listeners: what an acceptor counts, and what the listener's connections count.
internal sealed partial class TransportMetrics
{
    private static readonly ShutdownReason[] s_endReasons = Enum.GetValues<ShutdownReason>()[1..];

    private void ObserveListeners()
    {
        Meter.CreateObservableGauge(
            "kqueue.listener.inline",
            () => OfListeners(listener => listener.RunsInline ? 1 : 0),
            "1",
            "1 while the listener's application runs on the loops, 0 while it runs on other threads.");
        Meter.CreateObservableUpDownCounter(
            "kqueue.listener.queue.length",
            () => OfListeners(listener => listener.QueueLength),
            "{connection}",
            "Accepted connections that wait for the server to take them.");
        ObserveAccepts();
        ObserveConnectionsOfListeners();
    }

    private void ObserveAccepts()
    {
        Meter.CreateObservableCounter(
            "kqueue.listener.accepts",
            () => OfListeners(listener => listener.Statistics.Accepts),
            "{connection}",
            "Connections that a listener has accepted.");
        Meter.CreateObservableCounter(
            "kqueue.listener.refusals",
            () => OfLimits((statistics, limit) => statistics.RefusalsFor(limit)),
            "{connection}",
            "Connections that a listener has reset because of a limit.");
        Meter.CreateObservableCounter(
            "kqueue.listener.waits",
            () => OfLimits((statistics, limit) => statistics.WaitsFor(limit)),
            "{wait}",
            "Times that a limit made a listener leave connections in the kernel.");
        Meter.CreateObservableCounter(
            "kqueue.listener.accept_errors", ListenerErrors, "{error}", "Failures to accept, by their cause.");
    }

    private void ObserveConnectionsOfListeners()
    {
        Meter.CreateObservableCounter(
            "kqueue.listener.ends",
            ListenerEnds,
            "{connection}",
            "Connections of a listener that have ended, by their first cause.");
        Meter.CreateObservableCounter(
            "kqueue.listener.pauses",
            () => OfListeners(listener => listener.Statistics.Pauses),
            "{pause}",
            "Times that a connection of a listener stopped receiving because the application did not read.");
    }

    private List<Measurement<T>> OfListeners<T>(Func<IMeasuredListener, T> value)
        where T : struct =>
        [.. Listeners().Select(listener => new Measurement<T>(value(listener), EndPointTag(listener.EndPoint)))];

    private List<Measurement<long>> OfLimits(Func<ListenerStatistics, ListenerLimit, long> value) =>
        [.. Listeners().SelectMany(listener => Enum.GetValues<ListenerLimit>().Select(limit => new Measurement<long>(
            value(listener.Statistics, limit),
            EndPointTag(listener.EndPoint),
            Tag("kqueue.listener.limit", MetricName.Of(limit)))))];

    private List<Measurement<long>> ListenerErrors() =>
        [.. Listeners().SelectMany(listener => listener.Statistics.Errors.Select(error => new Measurement<long>(
            error.Value, EndPointTag(listener.EndPoint), Tag("error.type", error.Key.ToString()))))];

    private List<Measurement<long>> ListenerEnds() =>
        [.. Listeners().SelectMany(listener => s_endReasons.Select(reason => new Measurement<long>(
            listener.Statistics.EndsFor(reason),
            EndPointTag(listener.EndPoint),
            Tag("kqueue.connection.end_reason", MetricName.Of(reason)))))];

    /// <summary>Those that accept at the moment.</summary>
    public IMeasuredListener[] Listeners()
    {
        lock (_gate)
        {
            return [.. _listeners];
        }
    }

    public static KeyValuePair<string, object?> EndPointTag(EndPoint endPoint) =>
        Tag("kqueue.listener.endpoint", endPoint.ToString());
}
