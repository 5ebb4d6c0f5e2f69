namespace KqueueTransport.Connections;

/// <summary>
/// The features that the server and its middleware have set on a connection, by type. They are few, so they are
/// searched one by one. Used by one thread at a time, as a feature collection is.
/// </summary>
internal struct AddedFeatures
{
    // What Kestrel sets on every connection; TLS and others add to it.
    private const int InitialCapacity = 4;

    // Filled from the front; a free entry has no type.
    private KeyValuePair<Type, object?>[]? _entries;

    /// <summary>Finds a feature that was set, perhaps to null.</summary>
    public readonly bool TryGet(Type type, out object? feature)
    {
        foreach (var (key, value) in _entries ?? [])
        {
            if (key == type)
            {
                feature = value;
                return true;
            }
        }

        feature = null;
        return false;
    }

    public void Set(Type type, object? feature)
    {
        _entries ??= new KeyValuePair<Type, object?>[InitialCapacity];
        var index = 0;
        while (index < _entries.Length && _entries[index].Key is { } key && key != type)
        {
            index++;
        }

        if (index == _entries.Length)
        {
            Array.Resize(ref _entries, index * 2);
        }

        _entries[index] = new(type, feature);
    }

    /// <summary>Those that were set to something, in the order in which their types came first.</summary>
    public readonly IEnumerable<KeyValuePair<Type, object>> All() =>
        (_entries ?? []).Where(entry => entry.Value is not null)!;
}
