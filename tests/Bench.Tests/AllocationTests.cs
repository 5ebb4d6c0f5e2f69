using System.Diagnostics;

namespace Bench.Tests;

/// <summary>What the benchmarks run allocates what they promise, which on the path of a request is nothing.</summary>
public sealed class AllocationTests
{
    private const int Rounds = 1_000;

    // The smallest object on a 64-bit runtime: an average below it means that not every round allocates one.
    private const int SmallestObjectBytes = 24;

    // How long threads that take no part may go on allocating: those of the test host were seen to, tens of kilobytes
    // at a time.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    public static TheoryData<string> Operations => [.. Operation.All.Select(operation => operation.Name)];

    // Goal: every thread that takes part is counted. Method: the process's own count, and the best of several attempts,
    // because threads that take no part allocate too, now and then. What a run itself allocates is in every attempt.
    [Theory]
    [MemberData(nameof(Operations))]
    public void Benchmark_Warm_AllocatesWithinItsLimit(string name)
    {
        var operation = Operation.All.Single(candidate => candidate.Name == name);
        var limit = operation.BytesMax + SmallestObjectBytes;
        var best = double.MaxValue;

        operation.Use(run =>
        {
            // Long enough for the compiler's tiers to have come and gone.
            Repeat(run);
            var start = Stopwatch.GetTimestamp();
            do
            {
                best = Math.Min(best, AllocatedBy(run));
            }
            while (best >= limit && Stopwatch.GetElapsedTime(start) < s_patience);
        });

        Assert.True(best < limit, $"{name} allocates {best:F1} bytes; the limit is {operation.BytesMax}");
    }

    /// <summary>Bytes per run, on all threads.</summary>
    private static double AllocatedBy(Action run)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Repeat(run);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Rounds;
    }

    private static void Repeat(Action run)
    {
        for (var i = 0; i < Rounds; i++)
        {
            run();
        }
    }
}
