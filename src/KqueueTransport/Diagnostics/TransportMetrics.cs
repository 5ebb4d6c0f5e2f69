using System.Diagnostics.Metrics;
using Kqueue.EventLoops;
using KqueueTransport.Connections;

namespace KqueueTransport.Diagnostics;

/// <summary>
/// The meter of one server's loops and listeners. Everything is observed when somebody asks, so that it costs the loops
/// nothing else than the counters that they keep.
/// </summary>
internal sealed class TransportMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "KqueueTransport";

    private readonly EventLoopGroup _group;
    private readonly Lock _gate = new();

    // Under _gate.
    private readonly List<IMeasuredListener> _listeners = [];

    public TransportMetrics(EventLoopGroup group, IMeterFactory? meterFactory)
    {
        _group = group;
        Meter = meterFactory?.Create(MeterName) ?? new Meter(MeterName);
        ObserveGroup();
        ObserveLoops();
        ObserveListeners();
    }

    public void Add(IMeasuredListener listener)
    {
        lock (_gate)
        {
            _listeners.Add(listener);
        }
    }

    public void Remove(IMeasuredListener listener)
    {
        lock (_gate)
        {
            _listeners.Remove(listener);
        }
    }

    /// <summary>The meter; several servers of one process have one each, under the same name.</summary>
    public Meter Meter { get; }

    public void Dispose() => Meter.Dispose();

    private void ObserveGroup()
    {
        Meter.CreateObservableCounter(
            "kqueue.hand_overs",
            () => new[]
            {
                new Measurement<long>(_group.HandOvers, Tag("kqueue.hand_over.outcome", "taken")),
                new Measurement<long>(_group.HandOversRefused, Tag("kqueue.hand_over.outcome", "refused")),
            },
            "{hand_over}",
            "Loops taken from a thread that was stuck in a handler, or left with it for want of a thread.");
        Meter.CreateObservableUpDownCounter(
            "kqueue.threads",
            () =>
            {
                var standby = _group.StandbyThreadCount;
                return new[]
                {
                    new Measurement<int>(standby, Tag("kqueue.thread.state", "standby")),
                    new Measurement<int>(_group.ThreadCount - standby, Tag("kqueue.thread.state", "busy")),
                };
            },
            "{thread}",
            "Threads that drive a loop or run a handler, and threads that stand by.");
    }

    private void ObserveLoops()
    {
        Meter.CreateObservableUpDownCounter(
            "kqueue.loop.registrations",
            () => OfLoops(loop => loop.RegistrationCount),
            "{registration}",
            "Connections and listen sockets of a loop.");
        Meter.CreateObservableCounter(
            "kqueue.loop.waits", () => OfLoops(loop => loop.WaitCount), "{wait}", "Waits of a loop.");
        Meter.CreateObservableCounter(
            "kqueue.loop.events", () => OfLoops(loop => loop.EventCount), "{event}", "Events that a loop has taken.");
        Meter.CreateObservableCounter(
            "kqueue.loop.handler_time",
            () => OfLoops(loop => loop.HandlerTime.TotalSeconds),
            "s",
            "Time that a loop has spent outside of its queue: receiving, in the application, sending, in timers.");
        Meter.CreateObservableCounter(
            "kqueue.loop.left_behind_time",
            () => OfLoops(loop => loop.LeftBehindTime.TotalSeconds),
            "s",
            "Time that handlers went on after their loop was taken from them, counted when they are back.");
        Meter.CreateObservableCounter(
            "kqueue.loop.hand_overs",
            () => OfLoops(loop => loop.HandOverCount),
            "{hand_over}",
            "Hand-overs of a loop to another thread.");
    }

    private IEnumerable<Measurement<T>> OfLoops<T>(Func<EventLoop, T> value)
        where T : struct =>
        _group.Loops.Select(loop => new Measurement<T>(value(loop), Tag("kqueue.loop.name", loop.Name)));

    private void ObserveListeners()
    {
        Meter.CreateObservableGauge(
            "kqueue.listener.inline",
            () => OfListeners(listener => listener.RunsInline ? 1 : 0),
            description: "1 while the listener's application runs on the loops, 0 while it runs on the thread pool.");
        Meter.CreateObservableCounter(
            "kqueue.listener.accepts",
            () => OfListeners(listener => listener.Statistics.Accepts),
            "{connection}",
            "Connections that a listener has accepted.");
        Meter.CreateObservableCounter(
            "kqueue.listener.refusals",
            () => OfListeners(listener => listener.Statistics.Refusals),
            "{connection}",
            "Connections that a listener has reset because the process was out of descriptors for too long.");
        Meter.CreateObservableCounter(
            "kqueue.listener.accept_errors", ListenerErrors, "{error}", "Failures to accept, by their cause.");
        Meter.CreateObservableUpDownCounter(
            "kqueue.listener.queue_length",
            () => OfListeners(listener => listener.QueueLength),
            "{connection}",
            "Accepted connections that wait for the server to take them.");
    }

    private List<Measurement<T>> OfListeners<T>(Func<IMeasuredListener, T> value)
        where T : struct =>
        [.. Listeners().Select(listener => new Measurement<T>(value(listener), EndPointTag(listener)))];

    private List<Measurement<long>> ListenerErrors() =>
        [.. Listeners().SelectMany(listener => listener.Statistics.Errors.Select(error => new Measurement<long>(
            error.Value, EndPointTag(listener), Tag("error.type", error.Key.ToString()))))];

    private IMeasuredListener[] Listeners()
    {
        lock (_gate)
        {
            return [.. _listeners];
        }
    }

    private static KeyValuePair<string, object?> Tag(string name, string? value) => new(name, value);

    private static KeyValuePair<string, object?> EndPointTag(IMeasuredListener listener) =>
        Tag("kqueue.listener.endpoint", listener.EndPoint.ToString());
}
