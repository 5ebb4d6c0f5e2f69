namespace Kqueue.Tests.Infrastructure;

/// <summary>The little language of the queue tests.</summary>
internal static class KernelQueueExtensions
{
    /// <summary>Long enough for any machine; a test that waits as long has failed.</summary>
    public const long PatienceNs = 30_000_000_000;

    /// <summary>Applies changes that must succeed, without taking events.</summary>
    public static void Apply(this KernelQueue queue, params ReadOnlySpan<KEvent> changes) =>
        Assert.Equal(0, queue.Kevent(changes, [], timeoutNs: 0));

    /// <summary>Waits until something is reported.</summary>
    public static KEvent[] WaitForEvents(this KernelQueue queue, int capacity = 16)
    {
        var events = new KEvent[capacity];
        for (var deadline = Environment.TickCount64 + (PatienceNs / 1_000_000); Environment.TickCount64 < deadline;)
        {
            // Zero events are spurious: a kernel may return them at any time.
            var count = queue.Kevent([], events, PatienceNs);
            if (count > 0)
            {
                return events[..count];
            }
        }

        Assert.Fail("Nothing was reported.");
        return [];
    }

    /// <summary>Waits until exactly one event is reported.</summary>
    public static KEvent WaitForEvent(this KernelQueue queue) => Assert.Single(queue.WaitForEvents());

    /// <summary>What is to report right now.</summary>
    public static KEvent[] Poll(this KernelQueue queue, int capacity = 16)
    {
        var events = new KEvent[capacity];
        return events[..queue.Kevent([], events, timeoutNs: 0)];
    }

    /// <summary>Asserts that nothing is to report right now. What could report must have happened before.</summary>
    public static void ExpectSilence(this KernelQueue queue) => Assert.Empty(queue.Poll());

    /// <summary>The change's own result, as an entry of the event list.</summary>
    public static KEvent ApplyForResult(this KernelQueue queue, in KEvent change)
    {
        var events = new KEvent[1];
        return Assert.Single(events[..queue.Kevent([change], events, timeoutNs: 0)]);
    }
}
