using KqueueTransport.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace KqueueTransport.Tests.Diagnostics;

/// <summary>
/// What an OpenTelemetry SDK collects of the transport's meters, by instrument and tag values, which the SDK
/// puts in the order of their keys.
/// </summary>
internal sealed class CollectedMetrics : IDisposable
{
    private readonly Exporter _exporter = new();
    private readonly MeterProvider _provider;

    public CollectedMetrics() => _provider = Sdk.CreateMeterProviderBuilder()
        .AddMeter(KqueueTransport.Diagnostics.Metrics.TransportMetrics.MeterName)
        .AddReader(new BaseExportingMetricReader(_exporter))
        .Build();

    /// <summary>Gets the instruments of the last collection.</summary>
    public IReadOnlyCollection<CollectedInstrument> Instruments => _exporter.Instruments.Values;

    public double this[string instrument, params string[] tags] =>
        _exporter.Points.TryGetValue((instrument, string.Join(',', tags)), out var value) ? value : double.NaN;

    /// <summary>Collects; true, so that it can stand in a condition that waits for a value.</summary>
    public bool Collect()
    {
        _exporter.Points.Clear();
        return _provider.ForceFlush();
    }

    public void Dispose() => _provider.Dispose();

    private sealed class Exporter : BaseExporter<Metric>
    {
        public Dictionary<string, CollectedInstrument> Instruments { get; } = [];

        public Dictionary<(string Instrument, string Tags), double> Points { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                Instruments[metric.Name] = new(metric.Name, metric.Unit, metric.Description, metric.MetricType);
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    Points[(metric.Name, TagsOf(point))] = ValueOf(metric.MetricType, point);
                }
            }

            return ExportResult.Success;
        }

        private static string TagsOf(in MetricPoint point)
        {
            var values = new List<string?>();
            foreach (var tag in point.Tags)
            {
                values.Add(tag.Value?.ToString());
            }

            return string.Join(',', values);
        }

        private static double ValueOf(MetricType type, in MetricPoint point) => type switch
        {
            MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
            MetricType.Histogram => point.GetHistogramSum(),
            MetricType.LongGauge => point.GetGaugeLastValueLong(),
            _ => point.GetSumLong(),
        };
    }
}

/// <summary>An instrument as the SDK describes it.</summary>
internal sealed record CollectedInstrument(string Name, string Unit, string Description, MetricType Type);
