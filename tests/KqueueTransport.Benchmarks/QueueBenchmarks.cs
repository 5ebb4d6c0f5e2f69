using BenchmarkDotNet.Attributes;
using Kqueue;

namespace KqueueTransport.Benchmarks;

/// <summary>The kernel queue by itself: one call to change, one to take what happened.</summary>
[MemoryDiagnoser]
public class QueueBenchmarks
{
    private const nint UserIdent = 1;

    private readonly KEvent[] _events = new KEvent[8];
    private readonly KEvent[] _trigger = [new(UserIdent, KEventFilter.User, KEventFlags.None, KEventNotes.Trigger)];
    private readonly byte[] _byte = new byte[1];

    private KernelQueue _queue = null!;
    private LoopbackPair _pair = null!;
    private KEvent[] _armWrite = null!;

    [GlobalSetup]
    public void Setup()
    {
        _queue = KernelQueue.Create(new KernelQueueOptions { FillData = false });
        _pair = new LoopbackPair();
        var near = _pair.Near.Handle;
        _armWrite = [new(near, KEventFilter.Write, KEventFlags.Add | KEventFlags.OneShot)];
        _queue.Kevent([new(UserIdent, KEventFilter.User, KEventFlags.Add | KEventFlags.Clear)], []);
        _queue.Kevent([new(near, KEventFilter.Read, KEventFlags.Add | KEventFlags.Clear)], []);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _queue.Dispose();
        _pair.Dispose();
    }

    /// <summary>A wait that finds nothing and does not wait.</summary>
    [Benchmark]
    public int Poll() => _queue.Kevent([], _events, timeoutNs: 0);

    /// <summary>A wake of the queue, and the wait that sees it.</summary>
    [Benchmark]
    public int TriggerAndWait() => _queue.Kevent(_trigger, []) + _queue.Kevent([], _events);

    /// <summary>A byte comes, the wait reports it, the byte is received.</summary>
    [Benchmark]
    public int ReadableAndWait()
    {
        _pair.Peer.Send(_byte);
        return _queue.Kevent([], _events) + _pair.Near.Receive(_byte);
    }

    /// <summary>What a send that would block does: WRITE armed once, reported at once here.</summary>
    [Benchmark]
    public int ArmWriteAndWait() => _queue.Kevent(_armWrite, _events);
}
