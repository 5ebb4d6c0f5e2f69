namespace Kqueue.EventLoops;

/// <summary>
/// The registrations of one loop by slot. An event finds its registration through the slot and generation in its user
/// data, never through its descriptor, whose number may already belong to somebody else.
/// </summary>
internal sealed class RegistrationTable
{
    private const int InitialCapacity = 64;

    private readonly Lock _gate = new();

    // Written under _gate; Find reads the array without it. A slot is filled before any event can carry its number.
    private Registration?[] _slots = new Registration?[InitialCapacity];

    // Under _gate. The generation a slot's next owner gets.
    private uint[] _generations = new uint[InitialCapacity];

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
            var slot = _free.Count > 0 ? _free.Pop() : TakeUnusedSlot();
            registration.UserData = Pack(slot, _generations[slot]);
            Volatile.Write(ref _slots[slot], registration);
            _count++;
        }
    }

    /// <summary>Removes a registration; false when it was removed before.</summary>
    public bool Remove(Registration registration)
    {
        lock (_gate)
        {
            var slot = SlotOf(registration.UserData);
            if (_slots[slot] != registration)
            {
                return false;
            }

            Volatile.Write(ref _slots[slot], null);
            _generations[slot]++;
            _free.Push(slot);
            _count--;
            return true;
        }
    }

    /// <summary>The registration that an event belongs to, or null when the event is stale.</summary>
    public Registration? Find(nint userData)
    {
        var slots = Volatile.Read(ref _slots);
        var slot = SlotOf(userData);
        if ((uint)slot >= (uint)slots.Length)
        {
            return null;
        }

        var registration = Volatile.Read(ref slots[slot]);
        return registration is not null && registration.UserData == userData ? registration : null;
    }

    private static nint Pack(int slot, uint generation) => (nint)(((ulong)generation << 32) | (uint)slot);

    private static int SlotOf(nint userData) => (int)(uint)(ulong)userData;

    private int TakeUnusedSlot()
    {
        if (_used == _slots.Length)
        {
            Array.Resize(ref _generations, _used * 2);
            var larger = new Registration?[_used * 2];
            _slots.CopyTo(larger, 0);
            Volatile.Write(ref _slots, larger);
        }

        return _used++;
    }
}
