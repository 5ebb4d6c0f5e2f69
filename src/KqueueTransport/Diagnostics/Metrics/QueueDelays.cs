using System.Diagnostics.Metrics;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Work;

namespace KqueueTransport.Diagnostics.Metrics;

/// <summary>The histogram of how long events wait for their loops. They are measured while somebody listens.</summary>
internal sealed class QueueDelays(Meter meter) : IQueueDelays
{
    private readonly Histogram<double> _delays = meter.CreateHistogram(
        "kqueue.loop.queue_delay",
        "s",
        "The longest that an event can have waited for its loop, of each wait of the loop that found one.",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries =
                [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 1],
        });

    public bool IsWanted => _delays.Enabled;

    public void Add(EventLoop loop, TimeSpan delay) =>
        _delays.Record(delay.TotalSeconds, new KeyValuePair<string, object?>(TransportMetrics.LoopTag, loop.Name));
}
