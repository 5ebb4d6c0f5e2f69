using System.Runtime.InteropServices;

namespace Kqueue.Epoll.Filters;

/// <summary>
/// SIGNAL: through the runtime's own handlers, beside which others live and the default action stays, as on a BSD. A
/// signalfd would need the signal blocked in every thread, those of the runtime included.
/// </summary>
/// <param name="active">The queue's active knotes.</param>
/// <param name="onSignal">Triggers a knote from a thread of the runtime's; takes the queue's lock.</param>
internal sealed class SignalFilter(ActiveKnotes active, Action<SignalKnote> onSignal)
    : IdentFilter<SignalKnote>(active)
{
    public override void Validate(in KEvent change) => RefuseOthers(change, KEventNotes.None);

    protected override SignalKnote Create(nint ident) => new(ident, this);

    protected override Errno Start(SignalKnote knote, in KEvent change)
    {
        // The names of PosixSignal are negative; a positive number is the system's.
        if (knote.Ident is <= 0 or > int.MaxValue)
        {
            return Errno.EINVAL;
        }

        // FreeBSD kern_sig.c, filt_sigattach.
        knote.Mode |= KEventFlags.Clear;
        try
        {
            knote.Registration = PosixSignalRegistration.Create((PosixSignal)(int)knote.Ident, _ => onSignal(knote));
            return Errno.None;
        }
        catch (Exception error) when (error is ArgumentException or IOException or NotSupportedException)
        {
            // No such signal, or one that nobody can handle.
            return Errno.EINVAL;
        }
    }

    protected override void Release(SignalKnote knote) => knote.Registration?.Dispose();
}

/// <summary>A signal that is counted.</summary>
internal sealed class SignalKnote(nint ident, Filter filter) : IdentKnote(KEventFilter.Signal, ident, filter)
{
    public PosixSignalRegistration? Registration { get; set; }
}
