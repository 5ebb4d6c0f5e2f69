using System.Text.Json.Serialization;

namespace WebApp.Dashboard;

/// <summary>What the page draws of one interval. What the transport does not tell is null.</summary>
internal sealed record Sample
{
    /// <summary>The end of the interval, in seconds since 1970.</summary>
    public required double Time { get; init; }

    /// <summary>Responses that ended, per second.</summary>
    public required double Requests { get; init; }

    /// <summary>How long they took in the application, in milliseconds; null where there were none.</summary>
    public Percentiles? HandlerTime { get; init; }

    /// <summary>Open connections.</summary>
    public double? Connections { get; init; }

    /// <summary>Loops taken from stuck threads, per second.</summary>
    public double? HandOvers { get; init; }

    /// <summary>How long events waited for their loops, in milliseconds; null where there were none.</summary>
    public Percentiles? QueueDelay { get; init; }

    /// <summary>Round trip times of connections that ended, in milliseconds; null where none did.</summary>
    public Percentiles? RoundTrip { get; init; }

    /// <summary>Segments that connections had sent again that ended, per second.</summary>
    public double? Retransmits { get; init; }

    /// <summary>What their peers acknowledged at last, in bytes per second; null where none did.</summary>
    public Percentiles? DeliveryRate { get; init; }

    /// <summary>Bytes received per second.</summary>
    public double? Received { get; init; }

    /// <summary>Bytes sent per second.</summary>
    public double? Sent { get; init; }

    /// <summary>The share of its time that each loop was in handlers, in percent.</summary>
    public double[] Loops { get; init; } = [];
}

[JsonSerializable(typeof(Sample))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class SampleContext : JsonSerializerContext;
