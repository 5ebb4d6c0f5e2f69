namespace Kqueue.Epoll.Descriptors;

/// <summary>
/// Descriptors by their numbers, for as many as it was made for: who finds it full makes another one with those that
/// are open. A slot is a reference and no more, because every connection has one here.
/// </summary>
internal sealed class DescriptorTable
{
    // A power of two, so that a number says where to begin: the kernel deals the lowest that are free.
    private readonly Descriptor?[] _slots;

    /// <summary>Makes a table of descriptors, and for as many more.</summary>
    public DescriptorTable(IReadOnlyCollection<Descriptor> descriptors)
    {
        var length = 4;
        while (RoomOf(length) < 2 * descriptors.Count)
        {
            length *= 2;
        }

        _slots = new Descriptor?[length];
        foreach (var descriptor in descriptors)
        {
            Add(descriptor);
        }
    }

    /// <summary>How many descriptors are here.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == Room;

    /// <summary>How many descriptors there is room for.</summary>
    public int Room => RoomOf(_slots.Length);

    public IEnumerable<Descriptor> All => _slots.OfType<Descriptor>();

    public Descriptor? Find(int number) => SlotOf(number);

    /// <summary>Adds a descriptor whose number is not here.</summary>
    public void Add(Descriptor descriptor)
    {
        SlotOf(descriptor.Number) = descriptor;
        Count++;
    }

    // A quarter stays empty, where a search ends.
    private static int RoomOf(int length) => length / 4 * 3;

    private ref Descriptor? SlotOf(int number)
    {
        for (var index = number; ; index++)
        {
            ref var slot = ref _slots[index & (_slots.Length - 1)];
            if (slot is null || slot.Number == number)
            {
                return ref slot;
            }
        }
    }
}
