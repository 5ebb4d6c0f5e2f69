using System.Collections.Concurrent;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Work;

namespace Kqueue.Tests.EventLoops;

/// <summary>The delays that loops have told.</summary>
internal sealed class Delays : IQueueDelays
{
    private readonly ConcurrentQueue<TimeSpan> _all = [];

    public bool IsWanted { get; set; } = true;

    public bool Throws { get; init; }

    public TimeSpan[] All => [.. _all];

    public void Add(EventLoop loop, TimeSpan delay)
    {
        if (Throws)
        {
            throw new InvalidOperationException("Whoever listens has a bug.");
        }

        _all.Enqueue(delay);
    }
}
