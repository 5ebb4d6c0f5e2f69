using System.Runtime.CompilerServices;

namespace Kqueue.EventLoops;

/// <summary>
/// Work that a driver has put off. The driving thread adds; it and whoever takes the loop from it take, each piece
/// once.
/// </summary>
internal struct DeferredWork
{
    /// <summary>How many pieces can be put off at a time.</summary>
    public const int Capacity = 8;

    // Only with Interlocked. Filled from the front.
    private Places _places;

    public readonly bool IsEmpty
    {
        get
        {
            foreach (var work in _places)
            {
                if (work is not null)
                {
                    return false;
                }
            }

            return true;
        }
    }

    public readonly bool IsFull => _places[Capacity - 1] is not null;

    /// <summary>Adds work, unless it is here; false when there is no room. A full fence where it is true.</summary>
    public bool TryAdd(IThreadPoolWorkItem work)
    {
        foreach (ref var place in _places)
        {
            if (place is null || place == work)
            {
                // A swap also when the same work is here already: without a fence what the caller wrote before could
                // become visible only after somebody has taken the work and run it. And it may just have been taken.
                Interlocked.CompareExchange(ref place, work, null);
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes what is in a place, if there is something.</summary>
    public IThreadPoolWorkItem? Take(int place) =>
        _places[place] is null ? null : Interlocked.Exchange(ref _places[place], null);

    [InlineArray(Capacity)]
    private struct Places
    {
        private IThreadPoolWorkItem? _first;
    }
}
