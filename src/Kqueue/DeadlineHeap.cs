namespace Kqueue;

/// <summary>What has a deadline, and a place in a <see cref="DeadlineHeap{T}"/>.</summary>
internal interface IDeadline
{
    /// <summary>In ticks of whatever clock. Changes only outside the heap.</summary>
    long Deadline { get; }

    /// <summary>The place in the heap, or -1: removal needs no search. The heap's own.</summary>
    int HeapIndex { get; set; }
}

/// <summary>A binary heap by deadline. Its owner guards it.</summary>
internal sealed class DeadlineHeap<T>
    where T : class, IDeadline
{
    private readonly List<T> _items = [];

    /// <summary>The item with the earliest deadline, or null.</summary>
    public T? First => _items.Count == 0 ? null : _items[0];

    public void Add(T item)
    {
        _items.Add(item);
        item.HeapIndex = _items.Count - 1;
        SiftUp(item.HeapIndex);
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
        var last = _items[^1];
        _items.RemoveAt(_items.Count - 1);
        if (index < _items.Count)
        {
            Place(last, index);
            SiftDown(index);
            SiftUp(last.HeapIndex);
        }
    }

    private void SiftUp(int index)
    {
        while (index > 0 && _items[index].Deadline < _items[(index - 1) / 2].Deadline)
        {
            Swap(index, (index - 1) / 2);
            index = (index - 1) / 2;
        }
    }

    private void SiftDown(int index)
    {
        while (true)
        {
            var child = (2 * index) + 1;
            if (child + 1 < _items.Count && _items[child + 1].Deadline < _items[child].Deadline)
            {
                child++;
            }

            if (child >= _items.Count || _items[index].Deadline <= _items[child].Deadline)
            {
                return;
            }

            Swap(index, child);
            index = child;
        }
    }

    private void Swap(int left, int right)
    {
        var moved = _items[left];
        Place(_items[right], left);
        Place(moved, right);
    }

    private void Place(T item, int index)
    {
        _items[index] = item;
        item.HeapIndex = index;
    }
}
