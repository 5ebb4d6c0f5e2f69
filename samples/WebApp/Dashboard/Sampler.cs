using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace WebApp.Dashboard;

/// <summary>
/// Listens to the meters of this app while it lives, and takes samples of them. Histograms are filled by the threads
/// that serve; everything else is one watcher's.
/// </summary>
internal sealed class Sampler : IDisposable
{
    private readonly IMeterFactory _meters;
    private readonly MeterListener _listener = new();
    private readonly Distribution _handlerTimes = new();
    private readonly Distribution _queueDelays = new();
    private readonly Distribution _roundTrips = new();
    private readonly Distribution _deliveryRates = new();
    private readonly KestrelConnections? _kestrel;
    private LoopReadings? _last;
    private LoopReadings? _now;
    private long _lastAt;
    private long _retransmits;

    /// <param name="meters">The app's: meters of another server in this process are not for its page.</param>
    /// <param name="hasLoops">Whether the transport has loops to read.</param>
    public Sampler(IMeterFactory meters, bool hasLoops)
    {
        _meters = meters;
        _kestrel = hasLoops ? null : new KestrelConnections();
        _listener.InstrumentPublished = Enable;
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => _now?.Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
        _last = hasLoops ? Read() : null;
        _lastAt = Stopwatch.GetTimestamp();
    }

    /// <summary>What happened since the last sample.</summary>
    public Sample Take()
    {
        var now = Stopwatch.GetTimestamp();
        var seconds = Math.Max(Stopwatch.GetElapsedTime(_lastAt, now).TotalSeconds, 1e-3);
        _lastAt = now;
        var handlerTimes = _handlerTimes.Take();
        var sample = new Sample
        {
            Time = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds,
            Requests = handlerTimes.Count / seconds,
            HandlerTime = Percentiles.Of(handlerTimes, scale: 1e-3),
            Connections = _kestrel?.Count,
        };
        return _last is null ? sample : WithLoops(sample, seconds);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _kestrel?.Dispose();
    }

    private Sample WithLoops(Sample sample, double seconds)
    {
        var (before, now) = (_last!, Read());
        _last = now;
        return sample with
        {
            Connections = now.Connections,
            QueueDelay = Percentiles.Of(_queueDelays.Take(), scale: 1e-3),
            RoundTrip = Percentiles.Of(_roundTrips.Take(), scale: 1e-3),
            Retransmits = Interlocked.Exchange(ref _retransmits, 0) / seconds,
            DeliveryRate = Percentiles.Of(_deliveryRates.Take()),
            HandOvers = (now.HandOvers - before.HandOvers) / seconds,
            Received = (now.Received - before.Received) / seconds,
            Sent = (now.Sent - before.Sent) / seconds,
            Loops = [.. now.HandlerSeconds.Select((total, i) => 100 * (total - before.HandlerSeconds[i]) / seconds)],
        };
    }

    private LoopReadings Read()
    {
        var readings = new LoopReadings();
        _now = readings;
        _listener.RecordObservableInstruments();
        _now = null;
        return readings;
    }

    private void Enable(Instrument instrument, MeterListener listener)
    {
        var isWanted = LoopReadings.Wants(instrument) || instrument.Name is "http.server.request.duration"
            or "kqueue.loop.queue_delay" or "kqueue.connection.tcp.rtt" or "kqueue.connection.tcp.retransmits"
            or "kqueue.connection.tcp.delivery_rate";
        if (isWanted && ReferenceEquals(instrument.Meter.Scope, _meters))
        {
            listener.EnableMeasurementEvents(instrument);
        }
    }

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        switch (instrument.Name)
        {
            case "http.server.request.duration":
                _handlerTimes.Add(value * 1e6);
                break;
            case "kqueue.loop.queue_delay":
                _queueDelays.Add(value * 1e6);
                break;
            case "kqueue.connection.tcp.rtt":
                _roundTrips.Add(value * 1e6);
                break;
            case "kqueue.connection.tcp.retransmits":
                Interlocked.Add(ref _retransmits, (long)value);
                break;
            case "kqueue.connection.tcp.delivery_rate":
                _deliveryRates.Add(value);
                break;
            default:
                _now?.Add(instrument, value, tags);
                break;
        }
    }
}
