namespace Kqueue.Epoll.Filters;

/// <summary>
/// A filter whose idents are no descriptors of epoll's: what they stand for triggers their knotes, which then are
/// active until the event is delivered.
/// </summary>
internal abstract class IdentFilter<T>(ActiveKnotes active) : Filter(active)
    where T : IdentKnote
{
    private readonly Dictionary<nint, T> _knotes = [];

    /// <summary>What every event of the filter says in its flags.</summary>
    protected virtual KEventFlags FiredFlags => KEventFlags.None;

    public override Errno Register(in KEvent change)
    {
        var isAdd = (change.Flags & KEventFlags.Add) != 0;
        if (!_knotes.TryGetValue(change.Ident, out var knote))
        {
            return isAdd ? Add(change) : Errno.ENOENT;
        }

        if ((change.Flags & KEventFlags.Delete) != 0)
        {
            Detach(knote);
            return Errno.None;
        }

        var error = Touch(knote, change, isAdd);
        if (knote is { IsTriggered: true, IsArmed: true })
        {
            Active.Add(knote);
        }

        return error;
    }

    public override bool TryReport(Knote knote, uint hint, out KEvent reported)
    {
        var source = (T)knote;
        reported = source.ToEvent(FiredFlags, source.FiredNotes, source.FiredData);
        var isTriggered = source.IsTriggered;
        source.IsTriggered = isTriggered && (source.Mode & KEventFlags.Clear) == 0;
        return isTriggered;
    }

    public override void Detach(Knote knote)
    {
        base.Detach(knote);
        _knotes.Remove(knote.Ident);
        Release((T)knote);
    }

    public override void Close()
    {
        foreach (var knote in _knotes.Values)
        {
            Release(knote);
        }
    }

    protected abstract T Create(nint ident);

    /// <summary>Begins to watch, in the mode that the filter implies; an error leaves no knote.</summary>
    protected virtual Errno Start(T knote, in KEvent change) => Errno.None;

    /// <summary>Ends to watch.</summary>
    protected virtual void Release(T knote)
    {
    }

    /// <summary>Changes a knote that exists.</summary>
    protected virtual Errno Touch(T knote, in KEvent change, bool isAdd)
    {
        if (isAdd)
        {
            knote.Attach(change);
        }
        else
        {
            knote.Touch(change);
        }

        return Errno.None;
    }

    /// <summary>Refuses notes that mean nothing here.</summary>
    protected static void RefuseOthers(in KEvent change, KEventNotes supported)
    {
        if ((change.Notes & ~supported) != 0)
        {
            throw new PlatformNotSupportedException(
                $"{change.Filter} with notes 0x{(uint)(change.Notes & ~supported):x} is not supported by the epoll " +
                "backend on Linux: leave them out.");
        }
    }

    private Errno Add(in KEvent change)
    {
        var knote = Create(change.Ident);
        knote.Attach(change);
        var error = Start(knote, change);
        if (error == Errno.None)
        {
            _knotes.Add(change.Ident, knote);
        }
        else
        {
            knote.Detach();
        }

        return error;
    }
}

/// <summary>A knote that something in this process triggers.</summary>
internal class IdentKnote(KEventFilter kind, nint ident, Filter filter) : Knote(kind, filter)
{
    public override nint Ident { get; } = ident;

    public KEventNotes Notes { get; private set; }

    /// <summary>Whether it was triggered and the event not yet delivered, or not cleared by that.</summary>
    public bool IsTriggered { get; set; }

    /// <summary>What its event says in <c>fflags</c>.</summary>
    public KEventNotes FiredNotes { get; set; }

    /// <summary>What its event says in <c>data</c>.</summary>
    public long FiredData { get; set; }

    public override void Attach(in KEvent change)
    {
        base.Attach(change);
        Notes = change.Notes;
    }

    /// <summary>Triggers it; what comes before the event is delivered adds up.</summary>
    public void Trigger(KEventNotes notes, long data)
    {
        FiredNotes = (IsTriggered ? FiredNotes : KEventNotes.None) | notes;
        FiredData = (IsTriggered ? FiredData : 0) + data;
        IsTriggered = true;
        if (IsArmed)
        {
            Filter.Active.Add(this);
        }
    }
}
