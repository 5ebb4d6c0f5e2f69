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
    public static readonly Metric CpuPerRequest = new("CPU µs/request", "N1", HasRatio: true);

    public static readonly Metric P50 = new("p50 ms", "N2");
    public static readonly Metric P99 = new("p99 ms", "N2", HasRatio: true);
    public static readonly Metric P999 = new("p99.9 ms", "N2");

    /// <summary>System calls of the server, by strace.</summary>
    public static readonly Metric SystemCalls = new("system calls/request", "N2");

    /// <summary>How often a thread of the server went to sleep or was set aside.</summary>
    public static readonly Metric Switches = new("context switches/request", "N2");

    /// <summary>What the server's runtime allocated.</summary>
    public static readonly Metric Allocated = new("bytes allocated/request", "N0");

    /// <summary>What the server's runtime compiled within the window.</summary>
    public static readonly Metric Compiled = new("methods compiled", "N0");

    /// <summary>The server's resident memory right after the window.</summary>
    public static readonly Metric Memory = new("memory MiB", "N0");

    /// <summary>The share of a core that each thread of the load tool used.</summary>
    public static readonly Metric ClientCpu = new("client CPU", "P0");

    /// <summary>The share of the processors, of those that the server may use, that was busy with whatever.</summary>
    public static readonly Metric Busy = new("processors busy", "P0");

    /// <summary>Requests that block their handler, while others are answered.</summary>
    public static readonly Metric BlockedRate = new("blocking requests/s", "N0", HasRatio: true);

    public static readonly Metric BlockedP99 = new("their p99 ms", "N1");

    /// <summary>How long the first answer takes: after a start, or when blocking requests have stopped.</summary>
    public static readonly Metric FirstAnswer = new("first answer after ms", "N1", HasRatio: true);

    /// <summary>Resident memory for each idle connection of a raw TCP handler.</summary>
    public static readonly Metric RawIdle = new("KiB per idle connection, raw", "N2", HasRatio: true);

    /// <summary>Resident memory for each HTTP connection that has been idle since its first request.</summary>
    public static readonly Metric HttpIdle = new("KiB per idle connection, after a request", "N2", HasRatio: true);

    /// <summary>What the server uses of a core when nobody asks anything of it.</summary>
    public static readonly Metric IdleCpu = new("CPU ms/s when idle", "N2");

    /// <summary>All that are shown as ratios, too.</summary>
    public static IReadOnlyList<Metric> WithRatios { get; } =
        [RequestRate, CpuPerRequest, P99, BlockedRate, FirstAnswer, RawIdle, HttpIdle];

    public string Write(double value) =>
        value.ToString(Format, CultureInfo.InvariantCulture);
}
