namespace Kqueue.EventLoops;

/// <summary>
/// The registrations of one loop by slot. An event finds its registration through the slot and generation in its user
/// data, never through its descriptor, whose number may already belong to somebody else.
/// </summary>
internal sealed class RegistrationTable
{
    private readonly Lock _gate = new();

    // Set under _gate; Find reads without it. A slot is filled before any event can carry its number.
    private readonly PagedTable<Registration> _slots = new();

    // Under _gate. Counts all registrations, so that a slot's owners differ in it.
    private uint _lastGeneration;

    // Under _gate. Slots that were given back, last one first: their lines are still in the cache.
    private readonly Stack<int> _free = new();

    // Under _gate. Slot 0 is never used, so that user data 0 names nobody.
    private int _used = 1;

    private int _count;

    /// <summary>How many registrations there are. Exact only on a quiet loop.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Add(Registration registration)
    {
        lock (_gate)
        {
            var slot = _free.Count > 0 ? _free.Pop() : _used++;
            registration.UserData = Pack(slot, ++_lastGeneration);
            _slots.Set(slot, registration);
            _count++;
        }
    }

    /// <summary>Removes a registration; false when it was removed before.</summary>
    public bool Remove(Registration registration)
    {
        lock (_gate)
        {
            var slot = SlotOf(registration.UserData);
            if (_slots.Find(slot) != registration)
            {
                return false;
            }

            _slots.Set(slot, null);
            _free.Push(slot);
            _count--;
            return true;
        }
    }

    /// <summary>The registration that an event belongs to, or null when the event is stale.</summary>
    public Registration? Find(nint userData)
    {
        var registration = _slots.Find(SlotOf(userData));
        return registration is not null && registration.UserData == userData ? registration : null;
    }

    private static nint Pack(int slot, uint generation) => (nint)(((ulong)generation << 32) | (uint)slot);

    private static int SlotOf(nint userData) => (int)(uint)(ulong)userData;
}
