namespace Kqueue;

/// <summary>
/// Objects by small numbers. It grows by pages: an entry never moves, so growing copies none of them and leaves no
/// outgrown array of them behind. One thread at a time sets; any reads, without a lock.
/// </summary>
internal sealed class PagedTable<T>
    where T : class
{
    private const int PageShift = 8;
    private const int PageLength = 1 << PageShift;

    // Written by the thread that sets. A page is whole before it can be seen.
    private T?[]?[] _pages = [];

    /// <summary>The object of that number; null where there is none, also for a number that never had one.</summary>
    public T? Find(int number)
    {
        var pages = Volatile.Read(ref _pages);
        var page = number >> PageShift;
        return (uint)page < (uint)pages.Length && Volatile.Read(ref pages[page]) is { } entries
            ? Volatile.Read(ref entries[number & (PageLength - 1)])
            : null;
    }

    /// <summary>Sets or, with null, removes the object of a number, which is not negative.</summary>
    public void Set(int number, T? value)
    {
        var page = number >> PageShift;
        if (page >= _pages.Length)
        {
            var pages = new T?[]?[Math.Max(page + 1, _pages.Length * 2)];
            _pages.CopyTo(pages, 0);
            Volatile.Write(ref _pages, pages);
        }

        if (_pages[page] is not { } entries)
        {
            entries = new T?[PageLength];
            Volatile.Write(ref _pages[page], entries);
        }

        Volatile.Write(ref entries[number & (PageLength - 1)], value);
    }

    /// <summary>All objects, by number.</summary>
    public IEnumerable<T> All() => _pages.OfType<T?[]>().SelectMany(entries => entries.OfType<T>());
}
