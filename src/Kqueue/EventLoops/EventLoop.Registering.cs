using System.Runtime.InteropServices;
using Kqueue.EventLoops.Registrations;

namespace Kqueue.EventLoops;

// The descriptors that the loop watches, and the kernel queue that it does it with.
public sealed partial class EventLoop
{
    // No number that somebody else would choose for an event of their own.
    private const nint WakeIdent = -1;

    private readonly KernelQueue _queue;
    private readonly RegistrationTable _registrations = new();

    // Keeps changes that other threads hand in apart from the queue's disposal.
    private readonly Lock _submitGate = new();

    private bool _queueDisposed;

    /// <summary>What serves the kernel queue: <see cref="KernelQueue.BackendName"/>.</summary>
    public string BackendName => _queue.BackendName;

    /// <summary>How many registrations the loop has. Exact only on a quiet loop.</summary>
    public int RegistrationCount => _registrations.Count;

    /// <summary>Gives a descriptor a place in the loop. Arm its filters next.</summary>
    /// <param name="ident">The descriptor; non-blocking, and open for as long as the registration lives.</param>
    /// <param name="handler">What to call.</param>
    /// <returns>The registration; dispose it just before the descriptor is closed.</returns>
    public Registration Register(nint ident, IEventHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var registration = new Registration(this, ident, handler);
        _registrations.Add(registration);
        return registration;
    }

    /// <summary>Gives a descriptor a place in the loop, and keeps it open until the registration is disposed.</summary>
    /// <param name="handle">The descriptor; non-blocking.</param>
    /// <param name="handler">What to call.</param>
    /// <returns>
    /// The registration; dispose it just before the handle, or disarm its filters first where that stays open.
    /// </returns>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public Registration Register(SafeHandle handle, IEventHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentNullException.ThrowIfNull(handler);
        var isAdded = false;
        handle.DangerousAddRef(ref isAdded);
        return Register(handle.DangerousGetHandle(), new OpenHandle(handle, handler));
    }

    /// <summary>Hands one change to the kernel at once.</summary>
    /// <returns>0, or the kernel's error; EBADF when the loop has ended.</returns>
    internal KernelResult Submit(in KEvent change)
    {
        lock (_submitGate)
        {
            return _queueDisposed
                ? KernelResult.Failure(Errno.EBADF)
                : _queue.TryKevent(new ReadOnlySpan<KEvent>(in change), [], timeoutNs: 0);
        }
    }

    internal bool Remove(Registration registration)
    {
        if (!_registrations.Remove(registration))
        {
            return false;
        }

        lock (_submitGate)
        {
            if (!_queueDisposed)
            {
                _queue.ForgetDescriptor((int)registration.Ident, registration.UserData);
            }
        }

        return true;
    }

    private void AddWakeEvent()
    {
        // The knote is added and triggered in two calls: FreeBSD drops a trigger that comes with EV_ADD
        // (kern_event.c, filt_userattach), and EV_CLEAR sent again with a trigger would take the trigger back.
        var result = Submit(KEvent.User(WakeIdent));
        if (result.IsError)
        {
            KernelQueueException.Throw("kevent(EVFILT_USER)", result.Error, BackendName);
        }
    }
}
