using System.Globalization;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>
/// Keeps what OpenTelemetry exported last, as a line for each instrument and set of tags: a sum, or how often a
/// duration was measured.
/// </summary>
internal sealed class MetricsExporter : BaseExporter<Metric>
{
    // Differs from run to run.
    private const string Port = "server.port";

    private volatile SortedDictionary<string, long> _last = [];

    /// <summary>Gets the lines.</summary>
    public IEnumerable<string> Lines => _last.Select(line => $"{line.Key} = {line.Value}");

    /// <summary>The sum over all tags.</summary>
    public long Total(string instrument) =>
        _last.Where(line => line.Key.StartsWith($"{instrument} ", StringComparison.Ordinal)).Sum(line => line.Value);

    public override ExportResult Export(in Batch<Metric> batch)
    {
        var lines = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var metric in batch)
        {
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                lines[$"{metric.Name} {metric.Unit} {TagsOf(point)}"] =
                    metric.MetricType == MetricType.Histogram ? point.GetHistogramCount() : point.GetSumLong();
            }
        }

        _last = lines;
        return ExportResult.Success;
    }

    private static string TagsOf(in MetricPoint point)
    {
        var tags = new List<string>();
        foreach (var tag in point.Tags)
        {
            if (tag.Key != Port)
            {
                tags.Add(string.Create(CultureInfo.InvariantCulture, $"{tag.Key}={tag.Value}"));
            }
        }

        return string.Join(", ", tags.Order(StringComparer.Ordinal));
    }
}
