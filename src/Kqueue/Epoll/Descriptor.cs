namespace Kqueue.Epoll;

/// <summary>
/// What one descriptor number has in the epoll instance: one entry for both its filters. The object stays with the
/// number until the table is swept, so that arming it again allocates nothing.
/// </summary>
internal sealed class Descriptor(int number)
{
    public int Number { get; } = number;

    /// <summary>The knote of READ, once there has been one.</summary>
    public DescriptorKnote? Read { get; private set; }

    /// <summary>The knote of WRITE, once there has been one: most connections never find their socket full.</summary>
    public DescriptorKnote? Write { get; private set; }

    /// <summary>Rides in the epoll data, so that events of an earlier descriptor of the number fall out.</summary>
    public uint Generation { get; set; }

    /// <summary>What the kernel was last asked for.</summary>
    public uint Interest { get; set; }

    /// <summary>
    /// Whether the kernel took the registration. It may be gone all the same: close(2) drops it without a word, and
    /// the next epoll_ctl(2) tells.
    /// </summary>
    public bool IsRegistered { get; set; }

    public bool HasKnotes => Read is { IsAttached: true } || Write is { IsAttached: true };

    /// <summary>What the armed knotes need to hear of.</summary>
    public uint ArmedInterest =>
        EpollTranslation.Interest(Read is { IsArmed: true }, Write is { IsArmed: true });

    /// <summary>Whether no armed knote is an edge: only those can be asked again with both filters at once.</summary>
    public bool IsLevel =>
        Read is null or { IsArmed: false } or { IsLevel: true } &&
        Write is null or { IsArmed: false } or { IsLevel: true };

    public DescriptorKnote KnoteOf(Filter filter) => filter.Kind == KEventFilter.Read
        ? Read ??= new DescriptorKnote(this, filter)
        : Write ??= new DescriptorKnote(this, filter);

    /// <summary>Forgets the knotes: the descriptor is closed, or its number is in other hands.</summary>
    public void Forget()
    {
        IsRegistered = false;
        Read?.Detach();
        Write?.Detach();
    }
}

/// <summary>A knote of READ or WRITE.</summary>
internal sealed class DescriptorKnote(Descriptor descriptor, Filter filter) : Knote(descriptor.Number, filter)
{
    public Descriptor Descriptor { get; } = descriptor;
}
