using BenchmarkDotNet.Attributes;
using Kqueue;
using Kqueue.EventLoops;

namespace KqueueTransport.Benchmarks;

/// <summary>An event loop: what it costs to reach its thread and to come back.</summary>
[MemoryDiagnoser]
public class LoopBenchmarks
{
    // The timer itself, on a 64-bit runtime: header, type and five fields.
    private const int LoopTimerBytes = 56;

    private readonly byte[] _byte = new byte[1];

    private EventLoopGroup _group = null!;
    private EventLoop _loop = null!;
    private LoopbackPair _pair = null!;
    private Registration _registration = null!;
    private ArrivingWork _work = null!;
    private Arrival _fired = null!;
    private Action<object?> _fire = null!;

    [GlobalSetup]
    public void Setup()
    {
        _group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 1 });
        _loop = _group.Loops[0];
        _pair = new LoopbackPair();
        _registration = _loop.Register(_pair.Near.Handle, new EchoingHandler(_pair));
        _registration.Arm(KEventFilter.Read, KEventFlags.Clear);
        _work = new ArrivingWork();
        _fired = new Arrival();
        _fire = _ => _fired.Arrive();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _registration.Dispose();
        _group.Dispose();
        _pair.Dispose();
    }

    /// <summary>Work is posted from outside, the loop wakes and runs it.</summary>
    [Benchmark]
    public void PostAndWake()
    {
        _loop.Post(_work);
        _work.Arrival.Wait();
    }

    /// <summary>A byte comes, the loop dispatches it, the handler sends it back.</summary>
    [Benchmark]
    public int Dispatch()
    {
        _pair.Peer.Send(_byte);
        return _pair.Peer.Receive(_byte);
    }

    /// <summary>A timer is set and fires. It is an object of its own; no request needs one.</summary>
    [Benchmark]
    [AllocationLimit(LoopTimerBytes)]
    public void TimerFires()
    {
        _loop.Schedule(TimeSpan.Zero, _fire, state: null);
        _fired.Wait();
    }

    /// <summary>A timer is set and called off.</summary>
    [Benchmark]
    [AllocationLimit(LoopTimerBytes)]
    public void TimerCalledOff() => _loop.Schedule(TimeSpan.FromMinutes(1), _fire, state: null).Dispose();

    private sealed class ArrivingWork : IThreadPoolWorkItem
    {
        public Arrival Arrival { get; } = new();

        public void Execute() => Arrival.Arrive();
    }

    private sealed class EchoingHandler(LoopbackPair pair) : IEventHandler
    {
        private readonly byte[] _received = new byte[16];

        public void OnEvent(in KEvent kevent)
        {
            var count = pair.Near.Receive(_received);
            pair.Near.Send(_received.AsSpan(0, count));
        }
    }
}
