using Bench.Cases;
using Bench.Loads;
using Bench.Servers;

namespace Bench.Scaling;

/// <summary>What is measured at several sizes.</summary>
internal static class ScalingCatalog
{
    private const int Busy = 64;

    // The last one is what a limit of 20,000 descriptors, which is common in containers, leaves room for.
    private static readonly int[] s_connections = [64, 256, 1_024, 4_096, 16_000];

    private static readonly string[] s_compared = [ServerCatalog.Baseline, ServerCatalog.Main];

    public static IReadOnlyList<ScalingSeries> All { get; } =
    [
        new(
            "idle-connections",
            $"{Busy} busy connections beside idle ones",
            "idle connections",
            [.. s_connections.Select(count => (count, (BenchCase)Idle(count)))]),
        new(
            "busy-connections",
            "busy connections",
            "connections",
            [.. s_connections.Select(count => (count, (BenchCase)Connections(count)))]),
        new(
            "loops",
            $"event loops, {Busy} connections",
            "loops",
            [.. LoopCounts().Select(count => (count, (BenchCase)Loops(count)))]),
    ];

    private static LoadCase Idle(int count) => new($"idle-{count}", $"{count:N0} idle", at => Plaintext(at, Busy))
    {
        IdleConnections = count,
        Servers = s_compared,
    };

    private static LoadCase Connections(int count) =>
        new($"busy-{count}", $"{count:N0} busy", at => Plaintext(at, count)) { Servers = s_compared };

    private static LoadCase Loops(int count) => new($"loops-{count}", $"{count} loops", at => Plaintext(at, Busy))
    {
        Setting = new ServerSetting { Loops = count },
        Servers = [ServerCatalog.Main],
    };

    private static WrkLoad Plaintext(ServerEndPoints at, int connections) =>
        new(connections, new Uri(at.Http, "plaintext"));

    // Past the number of processors, to see what too many cost.
    private static IEnumerable<int> LoopCounts()
    {
        for (var count = 1; count <= 2 * Environment.ProcessorCount; count *= 2)
        {
            yield return count;
        }
    }
}
