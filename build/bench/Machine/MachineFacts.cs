using System.Globalization;
using System.Runtime.InteropServices;
using Bench.Tools;

namespace Bench.Machine;

/// <summary>What figures depend on: the machine, its system and the tools.</summary>
internal sealed record MachineFacts(IReadOnlyList<(string Name, string Value)> Facts)
{
    /// <summary>The date and the processor, in half a sentence.</summary>
    public string Summary => $"{Facts[0].Value[..10]}, {Facts[1].Value}";

    public static async Task<MachineFacts> CollectAsync(
        LoadTools tools, CancellationToken cancellation) => new(
    [
        ("date", DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
        ("processor", $"{ProcessorName()}, {Environment.ProcessorCount} cores"),
        ("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):N0} GiB"),
        ("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
        ("kernel", Read("/proc/sys/kernel/osrelease") ?? "unknown"),
        ("congestion control", Read("/proc/sys/net/ipv4/tcp_congestion_control") ?? "unknown"),
        (".NET", Environment.Version.ToString()),
        ("client", $"{tools.Threads} thread(s) of wrk or h2load " +
            (tools.Host is null ? "on the same machine, over loopback" : $"on {tools.Host}")),
        ("wrk", await VersionOfAsync("wrk", "-v", cancellation)),
        ("h2load", await VersionOfAsync("h2load", "--version", cancellation)),
        ("gcc", await VersionOfAsync("gcc", "--version", cancellation)),
    ]);

    private static string ProcessorName() => Read("/proc/cpuinfo")?.Split('\n')
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?
        .Split(':', 2)[1].Trim() ?? "unknown";

    private static string? Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;

    private static async Task<string> VersionOfAsync(string name, string option, CancellationToken cancellation)
    {
        var tool = new Tool(name);
        return tool.Path is null ? "not installed" : await tool.FirstLineAsync(option, cancellation);
    }
}
