using System.Runtime.CompilerServices;
using Kqueue.Interop;

namespace Kqueue.Native;

/// <summary>The contract over kevent(2) itself.</summary>
/// <typeparam name="T">The layout of <c>struct kevent</c>.</typeparam>
internal sealed unsafe class NativeKernelQueue<T> : KernelQueue
    where T : unmanaged, INativeKEvent<T>
{
    // Up to here a list is on the stack: 128 entries of at most 64 bytes. libkqueue takes no more than 512.
    private const int ListLengthMax = 128;

    // XNU answers EINVAL to very long timeouts, FreeBSD takes them for infinite (XNU kern_event.c; FreeBSD
    // kern_event.c, kqueue_scan; Go runtime, netpoll_kqueue.go). A day is long enough for a spurious return.
    private const long TimeoutNsMax = 24 * 60 * 60 * TimeSpec.NanosecondsPerSecond;

    private readonly KqueueAbi _abi;
    private readonly KqueueCalls _calls;
    private readonly int _queue;
    private readonly bool _hasUserFilter;
    private volatile bool _isDisposed;

    public NativeKernelQueue(KqueueAbi abi, KqueueCalls calls)
    {
        _abi = abi;
        _calls = calls;
        BackendName = $"kqueue ({abi.Name})";
        _queue = calls.Create(abi.CloseOnExec, out var errno);
        if (_queue < 0)
        {
            GC.SuppressFinalize(this);
            throw CreateFailed(abi.Errnos.ToErrno(errno));
        }

        try
        {
            KqueueSelfCheck.VerifyLayout<T>(calls, _queue, abi);
        }
        catch (KernelQueueException)
        {
            Dispose();
            throw;
        }

        _hasUserFilter = KqueueSelfCheck.HasUserFilter<T>(calls, _queue, abi);
    }

    ~NativeKernelQueue() => Dispose(disposing: false);

    public override string BackendName { get; }

    internal override bool KnotesOutliveDescriptors => _abi.KnotesOutliveDescriptors;

    [SkipLocalsInit]
    public override KernelResult TryKevent(ReadOnlySpan<KEvent> changes, Span<KEvent> events, long timeoutNs)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (timeoutNs < InfiniteTimeout)
        {
            return KernelResult.Failure(Errno.EINVAL);
        }

        ChangeList.Validate(changes, events.Length);

        // Every change that fails takes an entry, so a longer change list needs a longer event list.
        var capacity = Math.Min(events.Length, Math.Max(ListLengthMax, changes.Length));
        var changeList = changes.Length <= ListLengthMax ? stackalloc T[changes.Length] : new T[changes.Length];
        var eventList = capacity <= ListLengthMax ? stackalloc T[capacity] : new T[capacity];

        Encode(changes, changeList);
        var returned = Exchange(changeList, eventList, timeoutNs, out var errno);
        return returned < 0 ? Failure(errno) : Decode(eventList[..returned], events);
    }

    protected override void Dispose(bool disposing)
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _calls.CloseQueue(_queue);
        }
    }

    private int Exchange(ReadOnlySpan<T> changes, Span<T> events, long timeoutNs, out int errno)
    {
        // Without room for events the kernels return at once, but OpenBSD has been seen to wait for a null timeout
        // (libkqueue, test/write.c).
        var timeout = TimeSpec.FromNanoseconds(events.IsEmpty ? 0 : Math.Min(timeoutNs, TimeoutNsMax));
        var isInfinite = timeoutNs == InfiniteTimeout && !events.IsEmpty;
        return _calls.Exchange(_queue, changes, events, isInfinite ? null : &timeout, out errno);
    }

    private void Encode(ReadOnlySpan<KEvent> changes, Span<T> natives)
    {
        for (var i = 0; i < changes.Length; i++)
        {
            ref readonly var change = ref changes[i];
            if (change.Filter == KEventFilter.User && !_hasUserFilter)
            {
                throw new PlatformNotSupportedException(
                    $"{BackendName} has no filter USER (ADD was answered with EINVAL): wake with a READ on a pipe.");
            }

            natives[i] = KEventTranslation.ToNative<T>(change, _abi);
        }
    }

    private KernelResult Decode(ReadOnlySpan<T> natives, Span<KEvent> events)
    {
        var count = 0;
        foreach (ref readonly var native in natives)
        {
            if (KEventTranslation.TryToNeutral(native, _abi, out var reported))
            {
                events[count++] = reported;
            }
        }

        return KernelResult.Success(count);
    }

    private KernelResult Failure(int errno)
    {
        var error = _abi.Errnos.ToErrno(errno);

        // EINTR: the changes are applied; handing them in again would be wrong (kqueue(2), ERRORS).
        var isDone = error == Errno.EINTR || (error == Errno.EINPROGRESS && _abi.DefersDeletion);
        return isDone ? KernelResult.Success(0) : KernelResult.Failure(error);
    }

    private KernelQueueException CreateFailed(Errno error) => new(
        error == Errno.ENOMEM
            ? $"{BackendName}: no queue could be made (ENOMEM). The user's limit of queues may be reached: ulimit -K."
            : $"{BackendName}: no queue could be made ({error}).",
        error);
}
