using Bench.Tools;

namespace Bench.Measurements;

/// <summary>
/// What the processor times of a request allow at most: the rate at which the load tool's threads are busy all the
/// time, or all processors are, with server and client together. To be faster, one of the two has to be cheaper.
/// </summary>
internal static class Ceiling
{
    /// <summary>Requests per second.</summary>
    /// <param name="rate">Requests per second that were made.</param>
    /// <param name="server">The server's processor time for each.</param>
    /// <param name="client">What the load tool used meanwhile.</param>
    /// <param name="processors">The machine's processors.</param>
    public static double Of(double rate, TimeSpan server, ClientCpu client, int processors)
    {
        var clientSeconds = client.Share / rate;
        return Math.Min(client.Threads / clientSeconds, processors / (clientSeconds + server.TotalSeconds));
    }
}
