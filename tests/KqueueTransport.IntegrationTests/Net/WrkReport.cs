using System.Globalization;
using System.Text.RegularExpressions;

namespace KqueueTransport.IntegrationTests.Net;

/// <summary>What wrk prints at its end.</summary>
internal static partial class WrkReport
{
    /// <summary>Asserts that no request failed, and that there were so many at least.</summary>
    /// <returns>How many there were.</returns>
    public static int AssertClean(string report, int requestsMin)
    {
        // All of it: which errors there were is behind what says that there were some.
        Assert.False(report.Contains("Socket errors", StringComparison.Ordinal), report);
        Assert.False(report.Contains("Non-2xx", StringComparison.Ordinal), report);
        var requests = int.Parse(RequestCount().Match(report).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(requests, requestsMin, int.MaxValue);
        return requests;
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex RequestCount();
}
