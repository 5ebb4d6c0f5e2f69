using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Kqueue.Interop;

namespace Kqueue.Native;

/// <summary>The contract over kevent(2) itself.</summary>
internal sealed unsafe class NativeKernelQueue : KernelQueue
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
            KqueueSelfCheck.VerifyLayout(calls, _queue, abi);
        }
        catch (KernelQueueException)
        {
            Dispose();
            throw;
        }

        _hasUserFilter = KqueueSelfCheck.HasUserFilter(calls, _queue, abi);
    }

    ~NativeKernelQueue() => Dispose(disposing: false);

    public override string BackendName { get; }

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
        var size = _abi.Layout.Size;
        var capacity = Math.Min(events.Length, Math.Max(ListLengthMax, changes.Length));
        var changeList = changes.Length <= ListLengthMax
            ? stackalloc byte[changes.Length * size]
            : new byte[changes.Length * size];
        var eventList = capacity <= ListLengthMax ? stackalloc byte[capacity * size] : new byte[capacity * size];

        Encode(changes, changeList);
        if (_abi.ForgetsErrorEntries && changes.Length > 0)
        {
            var answered = ApplyEach(changes, changeList, events);
            if (answered.IsError || answered.Value > 0 || events.IsEmpty)
            {
                return answered;
            }

            changeList = default;
        }

        var returned = Exchange(changeList, eventList, timeoutNs, out var errno);
        return returned < 0 ? Failure(errno) : Decode(eventList[..(returned * size)], events);
    }

    internal override void ForgetDescriptor(int descriptor, nint userData)
    {
        if (_abi.KeepsKnotesOfClosed)
        {
            // ENOENT: there is no such knote. Each by itself, and without room for events, which are the loop's.
            _ = TryKevent([new KEvent(descriptor, KEventFilter.Read, KEventFlags.Delete)], [], timeoutNs: 0);
            _ = TryKevent([new KEvent(descriptor, KEventFilter.Write, KEventFlags.Delete)], [], timeoutNs: 0);
        }
    }

    internal override void RequireBothFilters()
    {
        if (!_abi.MayTakeOneFilter)
        {
            return;
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var (descriptor, flags) = ((int)socket.Handle, KEventFlags.Add | KEventFlags.Clear);
        var added = TryKevent([KEvent.Read(descriptor, flags), KEvent.Write(descriptor, flags)], [], timeoutNs: 0);
        ForgetDescriptor(descriptor, userData: 0);
        if (added.IsError)
        {
            throw new PlatformNotSupportedException(
                $"{BackendName} takes one filter of a descriptor: READ and WRITE of a socket were answered with " +
                $"{added.Error}, and a connection needs both. Leave {nameof(KernelQueueOptions)}." +
                $"{nameof(KernelQueueOptions.Library)} out: the system's own queue serves, on Linux over epoll.");
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!Interlocked.Exchange(ref _isDisposed, true))
        {
            _calls.CloseQueue(_queue);
        }
    }

    // The results as a kernel would list them that lists them.
    private KernelResult ApplyEach(ReadOnlySpan<KEvent> changes, ReadOnlySpan<byte> changeList, Span<KEvent> events)
    {
        var count = 0;
        for (var i = 0; i < changes.Length; i++)
        {
            var returned = Exchange(changeList.Slice(i * _abi.Layout.Size, _abi.Layout.Size), [], 0, out var errno);
            var error = returned < 0 ? _abi.Errnos.ToErrno(errno) : Errno.None;
            if (error != Errno.None && count == events.Length)
            {
                return KernelResult.Failure(error);
            }

            if (error != Errno.None || (changes[i].Flags & KEventFlags.Receipt) != 0)
            {
                var (ident, filter, userData) = (changes[i].Ident, changes[i].Filter, changes[i].UserData);
                events[count++] =
                    new KEvent(ident, filter, KEventFlags.Error, KEventNotes.None, (long)error, userData);
            }
        }

        return KernelResult.Success(count);
    }

    private int Exchange(ReadOnlySpan<byte> changes, Span<byte> events, long timeoutNs, out int errno)
    {
        // Without room for events the kernels return at once, but OpenBSD has been seen to wait for a null timeout
        // (libkqueue, test/write.c).
        var timeout = TimeSpec.FromNanoseconds(events.IsEmpty ? 0 : Math.Min(timeoutNs, TimeoutNsMax));
        var isInfinite = timeoutNs == InfiniteTimeout && !events.IsEmpty;
        return _calls.Exchange(_abi.Layout, _queue, changes, events, isInfinite ? null : &timeout, out errno);
    }

    private void Encode(ReadOnlySpan<KEvent> changes, Span<byte> natives)
    {
        for (var i = 0; i < changes.Length; i++)
        {
            ref readonly var change = ref changes[i];
            if (change.Filter == KEventFilter.User && !_hasUserFilter)
            {
                throw new PlatformNotSupportedException(
                    $"{BackendName} has no filter USER (ADD was answered with EINVAL): wake with a READ on a pipe.");
            }

            _abi.Layout.Write(natives, i, KEventTranslation.ToNative(change, _abi));
        }
    }

    private KernelResult Decode(ReadOnlySpan<byte> natives, Span<KEvent> events)
    {
        var count = 0;
        for (var i = 0; i < natives.Length / _abi.Layout.Size; i++)
        {
            if (KEventTranslation.TryToNeutral(_abi.Layout.Read(natives, i), _abi, out var reported))
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
