using System.Diagnostics;
using KqueueTransport.Simulation.Actors;
using KqueueTransport.Simulation.Kernel;

namespace KqueueTransport.Simulation;

/// <summary>
/// The loops, the sockets and the connections on a kernel that does whatever the contract allows. One seed is one run,
/// the same every time.
/// </summary>
/// <remarks>
/// <c>KQUEUE_SEED=4711</c> runs one seed, <c>KQUEUE_SEEDS=100000</c> so many, <c>KQUEUE_SEEDS=forever</c> new ones
/// until it is stopped, which prints what there was, or one fails.
/// </remarks>
public sealed class SimulationTests
{
    private const int SeedsByDefault = 4000;

    [Fact]
    public void Kernel_DoesWhateverItMay_NothingIsLostAndEverythingEnds()
    {
        using var processor = new OneProcessor();
        var totals = new Totals();
        foreach (var seed in Seeds().TakeWhile(_ => !TestContext.Current.CancellationToken.IsCancellationRequested))
        {
            var run = Run.Of(seed);
            totals.Add(run);
            Assert.True(run.Failure is null, Describe(seed, run));
        }

        totals.Print();
    }

    [Fact]
    public void Seed_RunTwice_IsTheSameRun()
    {
        using var processor = new OneProcessor();
        for (var seed = 1; seed <= 50; seed++)
        {
            var first = Run.Of(seed);
            var second = Run.Of(seed);
            Assert.Equal((first.Steps, first.Bytes, first.HandOvers), (second.Steps, second.Bytes, second.HandOvers));
            Assert.Equal(first.Faults.Counts, second.Faults.Counts);
        }
    }

    private static IEnumerable<int> Seeds()
    {
        if (Environment.GetEnvironmentVariable("KQUEUE_SEED") is { Length: > 0 } one)
        {
            return [int.Parse(one, provider: null)];
        }

        return Environment.GetEnvironmentVariable("KQUEUE_SEEDS") switch
        {
            "forever" => Endless(Random.Shared.Next()),
            { Length: > 0 } count => Enumerable.Range(1, int.Parse(count, provider: null)),
            _ => Enumerable.Range(1, SeedsByDefault),
        };
    }

    private static IEnumerable<int> Endless(int first)
    {
        for (var seed = first; ; seed = unchecked(seed + 1) & int.MaxValue)
        {
            yield return seed;
        }
    }

    private static string Describe(int seed, Run run) =>
        $"Seed {seed}, step {run.Steps}: {run.Failure}{Environment.NewLine}Reproduce it with KQUEUE_SEED={seed}.";

    private sealed class Totals
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly long[] _faults = new long[Enum.GetValues<Fault>().Length];
        private long _seeds;
        private long _steps;
        private long _connections;
        private long _dials;
        private long _connected;
        private long _resets;
        private long _handOvers;
        private long _bytes;

        public void Add(Run run)
        {
            _seeds++;
            _steps += run.Steps;
            _connections += run.Connections;
            _dials += run.Dials;
            _connected += run.Connected;
            _resets += run.Resets;
            _handOvers += run.HandOvers;
            _bytes += run.Bytes;
            for (var i = 0; i < _faults.Length; i++)
            {
                _faults[i] += run.Faults.Counts[i];
            }
        }

        public void Print() => Survived.Print(
            "whatever a kernel may do",
            [
                ((long)Stopwatch.GetElapsedTime(_start).TotalSeconds, "seconds"), (_seeds, "seeds"), (_steps, "steps"),
                (_connections, "connections"), (_dials, "dials"), (_connected, "of them connected"),
                (_resets, "resets"), (_handOvers, "hand-overs"), (_bytes, "bytes"), (_faults.Sum(), "faults"),
                .. Enum.GetValues<Fault>().Select(fault => (_faults[(int)fault], $"{fault}")),
            ]);
    }
}
