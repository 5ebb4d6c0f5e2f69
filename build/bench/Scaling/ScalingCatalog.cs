using Bench.Cases;
using Bench.Servers;
using Bench.Tools;

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
            s_compared,
            [.. s_connections.Select(count => (count, (BenchCase)Idle(count)))]),
        new(
            "busy-connections",
            "busy connections",
            "connections",
            s_compared,
            [.. s_connections.Select(count => (count, (BenchCase)Plaintext($"busy-{count}", count)))]),
        new(
            "loops",
            $"event loops, {Busy} connections",
            "loops",
            [ServerCatalog.Main],
            [.. LoopCounts().Select(count => (count, (BenchCase)Plaintext($"loops-{count}", Busy, count)))]),
    ];

    private static IdleBesideLoadCase Idle(int count) =>
        new($"idle-{count}", $"{count:N0} idle", count, Plaintext("plaintext", Busy));

    private static WrkCase Plaintext(string name, int connections, int? loops = null) =>
        new(name, name, at => new WrkLoad(connections, new Uri(at.Http, "plaintext")))
        {
            Setting = new ServerSetting { Loops = loops },
        };

    // Past the number of processors, to see what too many cost.
    private static IEnumerable<int> LoopCounts()
    {
        for (var count = 1; count <= 2 * Environment.ProcessorCount; count *= 2)
        {
            yield return count;
        }
    }
}
