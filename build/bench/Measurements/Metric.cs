using System.Globalization;

namespace Bench.Measurements;

/// <summary>Something that a case measures: a column of its table.</summary>
/// <param name="Name">What it is, with its unit.</param>
/// <param name="Format">How a value is written.</param>
/// <param name="HasRatio">Whether it is also shown as a ratio to the baseline.</param>
internal sealed record Metric(string Name, string Format, bool HasRatio = false)
{
    public static readonly Metric RequestRate = new("requests/s", "N0", HasRatio: true);

    /// <summary>User and system time of the server's process.</summary>
    public static readonly Metric CpuPerRequest = new("CPU µs/request", "N2", HasRatio: true);

    /// <summary>What the processor times of server and client would allow.</summary>
    public static readonly Metric Ceiling = new("at most", "N0");

    public static readonly Metric P50 = new("p50 ms", "N2");
    public static readonly Metric P99 = new("p99 ms", "N2");
    public static readonly Metric P999 = new("p99.9 ms", "N2");

    /// <summary>The server's resident memory right after the load.</summary>
    public static readonly Metric Memory = new("memory MiB", "N0");

    /// <summary>The share of a core that each thread of the load tool used.</summary>
    public static readonly Metric ClientCpu = new("client CPU", "P0");

    /// <summary>Requests that block their handler, while others are answered.</summary>
    public static readonly Metric BlockedRate = new("blocking requests/s", "N0", HasRatio: true);

    public static readonly Metric BlockedP99 = new("their p99 ms", "N1");

    /// <summary>How long the first request waits that comes when the blocking ones have stopped.</summary>
    public static readonly Metric FirstAnswer = new("first answer after ms", "N1");

    /// <summary>Resident memory for each idle connection of a raw TCP handler.</summary>
    public static readonly Metric RawIdle = new("KiB per idle connection, raw", "N2", HasRatio: true);

    /// <summary>Resident memory for each HTTP connection that has been idle since its first request.</summary>
    public static readonly Metric HttpIdle = new("KiB per idle connection, after a request", "N2", HasRatio: true);

    /// <summary>What the server uses of a core when nobody asks anything of it.</summary>
    public static readonly Metric IdleCpu = new("CPU ms/s when idle", "N2");

    public string Write(double value) =>
        value.ToString(Format, CultureInfo.InvariantCulture);
}
