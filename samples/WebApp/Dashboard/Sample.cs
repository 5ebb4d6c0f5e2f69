using System.Text.Json.Serialization;

namespace WebApp.Dashboard;

/// <summary>What the page draws of one interval. What the transport does not tell is null.</summary>
internal sealed record Sample
{
    /// <summary>The end of the interval, in seconds since 1970.</summary>
    public required double Time { get; init; }

    /// <summary>Responses that ended, per second.</summary>
    public required double Requests { get; init; }

    /// <summary>The median of their durations, in milliseconds; null where there were none.</summary>
    public double? LatencyP50 { get; init; }

    /// <summary>The duration that one in a hundred exceeded, in milliseconds; null where there were none.</summary>
    public double? LatencyP99 { get; init; }

    /// <summary>Open connections.</summary>
    public double? Connections { get; init; }

    /// <summary>Loops taken from stuck threads, per second.</summary>
    public double? HandOvers { get; init; }

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
