using System.Text.Json;

namespace KqueueTransport.Diagnostics.Metrics;

/// <summary>How metrics and events name a value.</summary>
internal static class MetricName
{
    /// <summary>In the way of OpenTelemetry: <c>peer_reset</c>.</summary>
    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
