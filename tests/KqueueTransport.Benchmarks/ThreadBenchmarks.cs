using BenchmarkDotNet.Attributes;
using Kqueue.EventLoops.Driving;

namespace KqueueTransport.Benchmarks;

/// <summary>What each handler pays so that the next finds the thread as it did, where nothing has changed.</summary>
public class ThreadBenchmarks
{
    private TakenThread _taken;

    [GlobalSetup]
    public void Setup() => _taken = TakenThread.Current();

    [Benchmark]
    public void GiveBack() => _taken.GiveBack();
}
