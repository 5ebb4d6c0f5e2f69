namespace Kqueue.Epoll;

/// <summary>
/// The knotes that have, or may have, something to report and of which epoll will not speak again: triggered USER
/// knotes, what found no room in an event list, and level knotes of an edge-triggered registration. Each is asked
/// again when it is taken, as a kqueue does. Guarded by the queue's lock, except <see cref="Count"/>.
/// </summary>
internal sealed class ActiveKnotes
{
    private Knote? _first;
    private Knote? _last;
    private int _count;

    /// <summary>How many there are. May be read without the lock.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(Knote knote)
    {
        if (knote.IsActive)
        {
            return;
        }

        knote.IsActive = true;
        knote.PreviousActive = _last;
        if (_last is null)
        {
            _first = knote;
        }
        else
        {
            _last.NextActive = knote;
        }

        _last = knote;
        Volatile.Write(ref _count, _count + 1);
    }

    public Knote? Take()
    {
        var knote = _first;
        if (knote is not null)
        {
            Remove(knote);
        }

        return knote;
    }

    public void Remove(Knote knote)
    {
        if (!knote.IsActive)
        {
            return;
        }

        var (previous, next) = (knote.PreviousActive, knote.NextActive);
        if (previous is null)
        {
            _first = next;
        }
        else
        {
            previous.NextActive = next;
        }

        if (next is null)
        {
            _last = previous;
        }
        else
        {
            next.PreviousActive = previous;
        }

        knote.PreviousActive = null;
        knote.NextActive = null;
        knote.IsActive = false;
        Volatile.Write(ref _count, _count - 1);
    }
}
