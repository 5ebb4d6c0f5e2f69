namespace Kqueue;

/// <summary>
/// A kernel event queue with the contract of kqueue(2): one call hands in a change list and fills an event list. It is
/// the system's own kqueue on macOS and FreeBSD, and the same contract over epoll on Linux.
/// </summary>
/// <remarks>
/// <para>
/// Any thread may hand in changes at any time, also while another thread waits. One thread at a time should wait: a
/// level-triggered event goes to every thread that does.
/// </para>
/// <para>
/// A change of a knote that exists takes over the user data, even a bare trigger (FreeBSD kern_event.c,
/// kqueue_register): send the same with every change. The mode (CLEAR, ONESHOT, DISPATCH) is that of creation: delete
/// the knote to choose another. Add a USER knote first and trigger it in a later change, without CLEAR.
/// </para>
/// <para>
/// Closing a descriptor removes its knotes. An event that another call has already returned can still name it: tell
/// the two apart by the user data.
/// </para>
/// <para>
/// Wake the waiting thread and let it leave before the queue is disposed: macOS and OpenBSD wake it, FreeBSD leaves it
/// asleep, and NetBSD blocks until it wakes by itself.
/// </para>
/// </remarks>
public abstract class KernelQueue : IDisposable
{
    /// <summary>The timeout that never ends, in nanoseconds.</summary>
    public const long InfiniteTimeout = -1;

    // The backends are this library's own: a member more is no break for anybody.
    private protected KernelQueue()
    {
    }

    /// <summary>Whether this platform has a kernel event queue: macOS, FreeBSD and Linux have.</summary>
    public static bool IsSupported => UnsupportedReason is null;

    /// <summary>Why there is no kernel event queue for this process; null where there is one.</summary>
    public static string? UnsupportedReason => KernelQueueBackend.UnsupportedReason;

    /// <summary>
    /// What serves the contract, for people: <c>epoll</c>, <c>kqueue (darwin)</c>, <c>kqueue (libkqueue)</c>.
    /// </summary>
    public abstract string BackendName { get; }

    /// <summary>Makes a queue.</summary>
    /// <param name="options">How. Defaults to the system's own queue.</param>
    /// <returns>The queue, to be disposed.</returns>
    /// <exception cref="PlatformNotSupportedException">
    /// This platform has no queue; ask <see cref="IsSupported"/> first.
    /// </exception>
    /// <exception cref="KernelQueueException">
    /// The system refused, for example because it is out of descriptors.
    /// </exception>
    /// <exception cref="ArgumentException">The options name a layout that there is not.</exception>
    /// <exception cref="DllNotFoundException">The library that the options name was not found.</exception>
    /// <exception cref="EntryPointNotFoundException">It does not have the functions.</exception>
    public static KernelQueue Create(KernelQueueOptions? options = null) =>
        KernelQueueBackend.Create(options ?? new KernelQueueOptions());

    /// <summary>Hands in changes and waits for events.</summary>
    /// <param name="changes">The changes, applied in order before anything is waited for.</param>
    /// <param name="events">
    /// Where events go. A change that failed takes an entry with <see cref="KEventFlags.Error"/>, and then the call
    /// neither waits nor reports events. An empty list returns at once, whatever the timeout. A change with
    /// <see cref="KEventFlags.Receipt"/> needs a list with an entry for every change. A list longer than the kernel
    /// fills at a time is no error: the rest comes with the next call.
    /// </param>
    /// <param name="timeoutNs">
    /// How long to wait, in nanoseconds: 0 does not wait, <see cref="InfiniteTimeout"/> waits for ever.
    /// </param>
    /// <returns>
    /// How many entries of <paramref name="events"/> are filled: 0 after the timeout, after a signal (the changes have
    /// been applied all the same), or for no reason at all, as macOS was seen to do (dotnet/runtime#36466).
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A change contradicts itself, or there is no room for the receipts. No change was applied.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">
    /// The backend cannot do what a change asks; the message names the filter and the note. No change was applied.
    /// </exception>
    /// <exception cref="KernelQueueException">
    /// A change failed and <paramref name="events"/> had no room to say so (the changes after it were not applied), or
    /// the queue itself failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The queue is disposed.</exception>
    public int Kevent(ReadOnlySpan<KEvent> changes, Span<KEvent> events, long timeoutNs = InfiniteTimeout)
    {
        var result = TryKevent(changes, events, timeoutNs);
        if (result.IsError)
        {
            KernelQueueException.Throw("kevent", result.Error, BackendName);
        }

        return result.Value;
    }

    /// <summary><see cref="Kevent"/> with the error as a value.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="events">Where events go.</param>
    /// <param name="timeoutNs">How long to wait, in nanoseconds.</param>
    /// <returns>
    /// How many entries are filled, or the error: EINVAL for a negative timeout other than
    /// <see cref="InfiniteTimeout"/>.
    /// </returns>
    public abstract KernelResult TryKevent(ReadOnlySpan<KEvent> changes, Span<KEvent> events, long timeoutNs);

    /// <summary>
    /// The owner of a descriptor is about to close it: forgets its READ and WRITE knotes, which the close removes, or
    /// removes them where it does not.
    /// </summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="userData">The owner's, by which its knotes are told from another's.</param>
    internal virtual void ForgetDescriptor(int descriptor, nint userData)
    {
    }

    /// <summary>Refuses a kernel that does not take READ and WRITE of one descriptor.</summary>
    /// <exception cref="PlatformNotSupportedException">It takes one of them.</exception>
    internal virtual void RequireBothFilters()
    {
    }

    /// <summary>Gives the queue back. No thread may be waiting in it.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the queue back.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> called.</param>
    protected abstract void Dispose(bool disposing);
}
