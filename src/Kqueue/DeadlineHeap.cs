namespace Kqueue;

/// <summary>What has a deadline, and a place in a <see cref="DeadlineHeap{T}"/>.</summary>
internal interface IDeadline
{
    /// <summary>In ticks of whatever clock. Changes only outside the heap.</summary>
    long Deadline { get; }

    /// <summary>The place in the heap, or -1: removal needs no search. The heap's own.</summary>
    int HeapIndex { get; set; }
}

/// <summary>A binary heap by deadline. Its owner guards it, except <see cref="Earliest"/>.</summary>
internal sealed class DeadlineHeap<T>
    where T : class, IDeadline
{
    // With the deadlines, so that to compare two looks at neither item.
    private readonly List<(long Deadline, T Item)> _entries = [];

    private long _earliest = long.MaxValue;

    /// <summary>
    /// The earliest deadline; <see cref="long.MaxValue"/> for none. May be read without the owner's lock, and while an
    /// item is out that is being set anew: whoever sets one that is the first then wakes who may have read it.
    /// </summary>
    public long Earliest => Volatile.Read(ref _earliest);

    /// <summary>The item with the earliest deadline, or null.</summary>
    public T? First => _entries.Count == 0 ? null : _entries[0].Item;

    public void Add(T item)
    {
        _entries.Add(default);
        SiftUp(_entries.Count - 1, (item.Deadline, item));
        Publish();
    }

    /// <summary>Removes an item; one that is not there is no error.</summary>
    public void Remove(T item)
    {
        var index = item.HeapIndex;
        if (index < 0)
        {
            return;
        }

        item.HeapIndex = -1;
        var last = _entries[^1];
        _entries.RemoveAt(_entries.Count - 1);
        if (index < _entries.Count)
        {
            SiftDown(index, last);
            SiftUp(last.Item.HeapIndex, last);
        }

        Publish();
    }

    private void Publish() => Volatile.Write(ref _earliest, _entries.Count == 0 ? long.MaxValue : _entries[0].Deadline);

    private void SiftUp(int index, (long Deadline, T Item) entry)
    {
        while (index > 0 && entry.Deadline < _entries[(index - 1) / 2].Deadline)
        {
            Place(_entries[(index - 1) / 2], index);
            index = (index - 1) / 2;
        }

        Place(entry, index);
    }

    private void SiftDown(int index, (long Deadline, T Item) entry)
    {
        while (true)
        {
            var child = (2 * index) + 1;
            if (child + 1 < _entries.Count && _entries[child + 1].Deadline < _entries[child].Deadline)
            {
                child++;
            }

            if (child >= _entries.Count || entry.Deadline <= _entries[child].Deadline)
            {
                Place(entry, index);
                return;
            }

            Place(_entries[child], index);
            index = child;
        }
    }

    private void Place((long Deadline, T Item) entry, int index)
    {
        _entries[index] = entry;
        entry.Item.HeapIndex = index;
    }
}
