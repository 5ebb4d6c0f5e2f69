using System.Diagnostics.Metrics;
using System.Net;

namespace KqueueTransport.Diagnostics.Metrics;

/// <summary>
/// The histograms of what the kernel knows of TCP connections, taken at their ends. Listening is what switches them on:
/// nobody asks the kernel for them before. Any thread.
/// </summary>
internal sealed class TcpMetrics(Meter meter)
{
    private readonly Histogram<double> _roundTripTime = meter.CreateHistogram(
        "kqueue.connection.tcp.rtt",
        "s",
        "Smoothed round trip time of a TCP connection at its end.",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries =
                [50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5],
        });

    private readonly Histogram<long> _retransmits = meter.CreateHistogram(
        "kqueue.connection.tcp.retransmits",
        "{segment}",
        "Segments that a TCP connection has sent again.",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [0, 1, 2, 5, 10, 25, 50, 100, 1_000] });

    private readonly Histogram<long> _deliveryRate = meter.CreateHistogram(
        "kqueue.connection.tcp.delivery_rate",
        "By/s",
        "Rate at which the peer of a TCP connection has acknowledged bytes at last.",
        advice: new InstrumentAdvice<long>
        {
            HistogramBucketBoundaries =
                [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000],
        });

    /// <summary>Whether somebody listens.</summary>
    public bool IsWanted => _roundTripTime.Enabled || _retransmits.Enabled || _deliveryRate.Enabled;

    /// <param name="info">What a connection was at its end.</param>
    /// <param name="endPoint">What its listener is bound to.</param>
    public void Add(in TcpInfo info, EndPoint endPoint)
    {
        var tag = TransportMetrics.EndPointTag(endPoint);
        _roundTripTime.Record(info.RoundTripTime.TotalSeconds, tag);
        _retransmits.Record(info.Retransmits, tag);
        if (info.DeliveryRate is { } rate)
        {
            _deliveryRate.Record(rate, tag);
        }
    }
}
