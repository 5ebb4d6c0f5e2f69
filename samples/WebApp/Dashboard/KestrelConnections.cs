using System.Diagnostics.Tracing;

namespace WebApp.Dashboard;

/// <summary>
/// The open connections of Kestrel, on any transport: of the whole process, from its event counters, because its meter
/// tells changes only.
/// </summary>
internal sealed class KestrelConnections : EventListener
{
    private double _count = double.NaN;

    /// <summary>Null until Kestrel has told it, within a second.</summary>
    public double? Count => Volatile.Read(ref _count) is var count && double.IsNaN(count) ? null : count;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-AspNetCore-Server-Kestrel")
        {
            // Counters are told at every level, and at this one nothing else is.
            EnableEvents(
                eventSource, EventLevel.Critical, EventKeywords.None,
                new Dictionary<string, string?> { ["EventCounterIntervalSec"] = "1" });
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData is { EventName: "EventCounters", Payload: [IDictionary<string, object> counter, ..] } &&
            counter["Name"] is "current-connections" && counter.TryGetValue("Mean", out var mean))
        {
            Volatile.Write(ref _count, (double)mean);
        }
    }
}
