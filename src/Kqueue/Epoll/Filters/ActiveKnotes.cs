namespace Kqueue.Epoll.Filters;

/// <summary>
/// The knotes that have, or may have, something to report and of which epoll will not speak again: triggered ones,
/// what found no room in an event list, and level knotes. Each is asked again when it is taken, as a kqueue does.
/// Guarded by the queue's lock, except <see cref="Count"/>.
/// </summary>
internal sealed class ActiveKnotes
{
    private readonly LinkedList<Knote> _knotes = [];
    private int _count;

    /// <summary>How many there are. May be read without the lock.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(Knote knote)
    {
        if (!knote.IsActive)
        {
            _knotes.AddLast(knote.ActiveNode ??= new LinkedListNode<Knote>(knote));
            Volatile.Write(ref _count, _knotes.Count);
        }
    }

    public Knote? Take()
    {
        var knote = _knotes.First?.Value;
        if (knote is not null)
        {
            Remove(knote);
        }

        return knote;
    }

    public void Remove(Knote knote)
    {
        if (knote.IsActive)
        {
            _knotes.Remove(knote.ActiveNode!);
            Volatile.Write(ref _count, _knotes.Count);
        }
    }
}
