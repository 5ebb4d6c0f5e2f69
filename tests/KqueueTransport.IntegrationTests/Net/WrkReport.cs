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
        Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
        var requests = int.Parse(RequestCount().Match(report).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(requests, requestsMin, int.MaxValue);
        return requests;
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex RequestCount();
}
