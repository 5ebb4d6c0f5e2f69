using System.Diagnostics;
using System.Runtime.CompilerServices;
using Kqueue.Interop;

namespace Kqueue.Epoll;

// From the kernel's list, and what is active without it, to the caller's.
internal sealed partial class EpollKernelQueue
{
    // The kernel's list is on the stack: at most a page. What is left over comes with the next call.
    private const int EventsPerWaitMax = 4096 / EpollEventList.EntryBytesMax;

    // Whether the last event list was full before the kernel was asked, so that the kernel comes first this time.
    private bool _isKernelFirst;
    private volatile bool _isDisposed;

    // Wakes without an event (a stale one, a trigger that another call has reported) do not end the wait.
    private KernelResult Wait(Span<KEvent> events, long timeoutNs)
    {
        var started = timeoutNs > 0 ? Stopwatch.GetTimestamp() : 0;
        var remainingNs = timeoutNs;
        while (true)
        {
            var result = WaitOnce(events, remainingNs, out var isOver);
            if (isOver || timeoutNs == 0)
            {
                return result;
            }

            if (timeoutNs > 0)
            {
                remainingNs = timeoutNs - (long)Stopwatch.GetElapsedTime(started).TotalNanoseconds;
                if (remainingNs <= 0)
                {
                    return KernelResult.Success(0);
                }
            }
        }
    }

    [SkipLocalsInit]
    private unsafe KernelResult WaitOnce(Span<KEvent> events, long timeoutNs, out bool isOver)
    {
        var writer = new EventWriter(events);
        ReportActiveFirst(ref writer);
        isOver = true;
        if (writer.IsFull)
        {
            return KernelResult.Success(writer.Count);
        }

        var capacity = Math.Min(writer.Room, EventsPerWaitMax);
        var buffer = stackalloc byte[capacity * EpollEventList.EntryBytesMax];
        var list = new EpollEventList(buffer, capacity);

        _wake.Enter();
        var mayBlock = writer.Count == 0 && _active.Count == 0;
        var limitNs = mayBlock ? _timers.Limit(timeoutNs) : 0;
        var waited = _epoll.Wait(list, limitNs);
        _wake.Leave();

        if (waited.IsError)
        {
            // EINTR: the changes are applied, and what was taken from the active list must not be lost.
            return waited.Error == Errno.EINTR || writer.Count > 0 ? KernelResult.Success(writer.Count) : waited;
        }

        Report(list, waited.Value, ref writer);
        isOver = writer.Count > 0 || (waited.Value == 0 && mayBlock && limitNs == timeoutNs);
        return KernelResult.Success(writer.Count);
    }

    private void ReportActiveFirst(ref EventWriter writer)
    {
        if (_active.Count > 0 && !_isKernelFirst)
        {
            lock (_lock)
            {
                _reporter.ReportActive(_active.Count, ref writer);
            }
        }

        _isKernelFirst = writer.IsFull;
    }

    private void Report(in EpollEventList list, int count, ref EventWriter writer)
    {
        if (count == 0 && _active.Count == 0 && !_timers.IsDue)
        {
            return;
        }

        lock (_lock)
        {
            _wake.Reset();
            _epoll.RunOwn(list, count);
            _timers.ActivateDue();

            // What became active meanwhile, unless the active ones had their turn; not what becomes active here.
            var activeCount = writer.Count == 0 ? _active.Count : 0;
            _reporter.Report(list, count, ref writer);
            _reporter.ReportActive(activeCount, ref writer);
        }

        // One wake is one thread's: what is left is for the next one that waits.
        if (_active.Count > 0)
        {
            _wake.Trigger();
        }
    }
}
