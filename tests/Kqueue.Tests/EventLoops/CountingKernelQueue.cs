using Kqueue.Interop;

namespace Kqueue.Tests.EventLoops;

/// <summary>A kernel queue that counts the calls which a loop makes, and tells of its waits.</summary>
internal sealed class CountingKernelQueue(KernelQueue queue) : KernelQueue
{
    private int _triggers;

    public override string BackendName => queue.BackendName;

    /// <summary>How often the wake was triggered.</summary>
    public int Triggers => Volatile.Read(ref _triggers);

    /// <summary>Whether the kernel has no memory for the wake.</summary>
    public bool TriggerFails { get; set; }

    /// <summary>What the next waits return instead of asking the kernel.</summary>
    public KernelResult? WaitResult { get; set; }

    /// <summary>Is told the timeout of each wait, before the kernel is asked.</summary>
    public Action<long>? Waiting { get; set; }

    /// <summary>Is told that a wait is over.</summary>
    public Action? Waited { get; set; }

    public bool IsDisposed { get; private set; }

    public override KernelResult TryKevent(ReadOnlySpan<KEvent> changes, Span<KEvent> events, long timeoutNs)
    {
        foreach (var change in changes)
        {
            if ((change.Notes & KEventNotes.Trigger) != 0)
            {
                Interlocked.Increment(ref _triggers);
                if (TriggerFails)
                {
                    return KernelResult.Failure(Errno.ENOMEM);
                }
            }
        }

        if (!events.IsEmpty)
        {
            Waiting?.Invoke(timeoutNs);
            if (WaitResult is { } result)
            {
                return result;
            }
        }

        var reported = queue.TryKevent(changes, events, timeoutNs);
        if (!events.IsEmpty)
        {
            Waited?.Invoke();
        }

        return reported;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        queue.Dispose();
    }
}
