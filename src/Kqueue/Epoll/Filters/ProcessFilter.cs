using Kqueue.Interop;

namespace Kqueue.Epoll.Filters;

/// <summary>PROCESS: a pidfd for each, which epoll reports when the process ends (pidfd_open(2)).</summary>
internal sealed class ProcessFilter(EpollInstance epoll, ActiveKnotes active)
    : IdentFilter<ProcessKnote>(active)
{
    // FreeBSD kern_event.c, filt_proc: the event is the last one.
    protected override KEventFlags FiredFlags => KEventFlags.Eof | KEventFlags.OneShot;

    public override void Validate(in KEvent change) =>
        RefuseOthers(change, KEventNotes.Exited | KEventNotes.ExitStatus);

    protected override ProcessKnote Create(nint ident) => new(ident, this);

    protected override Errno Start(ProcessKnote knote, in KEvent change)
    {
        var opened = knote.Ident is < 1 or > int.MaxValue
            ? KernelResult.Failure(Errno.ESRCH)
            : Libc.ProcessDescriptorOpen((int)knote.Ident);
        if (opened.IsError)
        {
            return opened.Error;
        }

        (knote.Descriptor, knote.Mode) = (opened.Value, knote.Mode | KEventFlags.Clear);
        var error = epoll.WatchOwn(opened.Value, () => OnExit(knote));
        if (error != Errno.None)
        {
            Release(knote);
        }

        return error;
    }

    protected override void Release(ProcessKnote knote) => epoll.CloseOwn(knote.Descriptor);

    private static void OnExit(ProcessKnote knote)
    {
        // What epoll reports may be of an earlier descriptor that had the number.
        if ((knote.Notes & KEventNotes.Exited) != 0 &&
            (Libc.PollNow(knote.Descriptor, Libc.EPOLLIN) & Libc.EPOLLIN) != 0)
        {
            knote.Trigger(KEventNotes.Exited, Libc.ExitStatus(knote.Descriptor));
        }
    }
}

/// <summary>A process that is watched.</summary>
internal sealed class ProcessKnote(nint ident, Filter filter) : IdentKnote(KEventFilter.Process, ident, filter)
{
    public int Descriptor { get; set; }
}
