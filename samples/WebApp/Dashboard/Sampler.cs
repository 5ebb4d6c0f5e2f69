using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace WebApp.Dashboard;

/// <summary>
/// Listens to the meters of this app while it lives, and takes samples of them. Requests are counted on the threads
/// that serve them; everything else is one watcher's.
/// </summary>
internal sealed class Sampler : IDisposable
{
    private readonly IMeterFactory _meters;
    private readonly MeterListener _listener = new();
    private readonly Latencies _latencies = new();
    private readonly KestrelConnections? _kestrel;
    private LoopReadings? _last;
    private LoopReadings? _now;
    private long _lastAt;

    /// <param name="meters">The app's: meters of another server in this process are not for its page.</param>
    /// <param name="hasLoops">Whether the transport has loops to read.</param>
    public Sampler(IMeterFactory meters, bool hasLoops)
    {
        _meters = meters;
        _kestrel = hasLoops ? null : new KestrelConnections();
        _listener.InstrumentPublished = Enable;
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => _now?.Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _now?.Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>(Record);
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
        var latencies = _latencies.Take();
        var sample = new Sample
        {
            Time = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds,
            Requests = latencies.Count / seconds,
            LatencyP50 = latencies.PercentileMs(50),
            LatencyP99 = latencies.PercentileMs(99),
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
        var isWanted = instrument.Name == "http.server.request.duration" || LoopReadings.Wants(instrument);
        if (isWanted && ReferenceEquals(instrument.Meter.Scope, _meters))
        {
            listener.EnableMeasurementEvents(instrument);
        }
    }

    private void Record(
        Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        if (instrument.IsObservable)
        {
            _now?.Add(instrument, value, tags);
        }
        else
        {
            _latencies.Add(value);
        }
    }
}
