using Kqueue.Epoll.Filters;

namespace Kqueue.Epoll.Descriptors;

/// <summary>
/// What one descriptor number has in the epoll instance: one entry for both its filters. It is the knote of READ as
/// well, which nearly every descriptor has, and most have alone. The object stays with the number until the table is
/// swept, so that arming it again allocates nothing.
/// </summary>
internal sealed class Descriptor(int number, Filter filter) : DescriptorKnote(KEventFilter.Read, filter)
{
    public int Number { get; } = number;

    public override nint Ident => Number;

    public override Descriptor Owner => this;

    public DescriptorKnote Read => this;

    /// <summary>The knote of WRITE, once there has been one: most connections never find their socket full.</summary>
    public DescriptorKnote? Write { get; private set; }

    /// <summary>Rides in the epoll data, so that events of an earlier descriptor of the number fall out.</summary>
    public uint Generation { get; set; }

    /// <summary>What the kernel was last asked for, EPOLLET in any case; 0 where it has no registration.</summary>
    public uint Interest { get; set; }

    /// <summary>
    /// Whether the kernel took the registration. It may be gone all the same: close(2) drops it without a word, and
    /// the next epoll_ctl(2) tells.
    /// </summary>
    public bool IsRegistered => Interest != 0;

    public bool HasKnotes => Read.IsAttached || Write is { IsAttached: true };

    /// <summary>What the armed knotes need to hear of.</summary>
    public uint ArmedInterest => EpollTranslation.Interest(Read.IsArmed, Write is { IsArmed: true });

    /// <summary>Whether an armed knote is an edge: then no other can be asked again without repeating it.</summary>
    public bool HasEdge => Read is { IsArmed: true, IsLevel: false } || Write is { IsArmed: true, IsLevel: false };

    public DescriptorKnote KnoteOf(KEventFilter kind) =>
        kind == KEventFilter.Read ? Read : Write ??= new WriteKnote(this);

    /// <summary>Forgets the knotes: the descriptor is closed, or its number is in other hands.</summary>
    public void Forget()
    {
        Interest = 0;
        Read.Detach();
        Write?.Detach();
    }
}

/// <summary>A knote of READ or WRITE.</summary>
internal abstract class DescriptorKnote(KEventFilter kind, Filter filter) : Knote(kind, filter)
{
    public abstract Descriptor Owner { get; }

    /// <summary>The bytes below which it is silent; negative for none.</summary>
    public int LowWater { get; private set; }

    public override void Attach(in KEvent change)
    {
        base.Attach(change);
        LowWater = (change.Notes & KEventNotes.LowWater) != 0 ? (int)Math.Clamp(change.Data, 0, int.MaxValue) : -1;
    }
}

/// <summary>A knote of WRITE.</summary>
internal sealed class WriteKnote(Descriptor owner) : DescriptorKnote(KEventFilter.Write, owner.Filter)
{
    public override nint Ident => Owner.Number;

    public override Descriptor Owner { get; } = owner;
}
