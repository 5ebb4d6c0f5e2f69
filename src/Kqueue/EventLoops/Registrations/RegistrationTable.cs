namespace Kqueue.EventLoops.Registrations;

/// <summary>
/// The registrations of one loop by slot. An event finds its registration through the slot and generation in its user
/// data, never through its descriptor, whose number may already belong to somebody else.
/// </summary>
internal sealed class RegistrationTable
{
    private readonly Lock _gate = new();

    // Set under _gate; Find reads without it. A slot is filled before any event can carry its number, so whoever has
    // the event sees an array that has the slot. In one that was outgrown only a removal may be missed, which the
    // event then was before.
    private Registration?[] _slots = new Registration?[4];

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
            if (slot >= _slots.Length)
            {
                // Where there is no memory for it, the next one that comes tries again.
                var slots = new Registration?[2 * slot];
                _free.EnsureCapacity(slots.Length);
                _slots.CopyTo(slots, 0);
                Volatile.Write(ref _slots, slots);
            }

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
            _free.Push(slot);
            _count--;
            return true;
        }
    }

    /// <summary>The registration that an event belongs to, or null when the event is stale.</summary>
    public Registration? Find(nint userData)
    {
        var (slots, slot) = (Volatile.Read(ref _slots), SlotOf(userData));
        return (uint)slot < (uint)slots.Length && Volatile.Read(ref slots[slot]) is { } registration &&
            registration.UserData == userData ? registration : null;
    }

    private static nint Pack(int slot, uint generation) => (nint)(((ulong)generation << 32) | (uint)slot);

    private static int SlotOf(nint userData) => (int)(uint)(ulong)userData;
}
