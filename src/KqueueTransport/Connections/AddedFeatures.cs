using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections.Features;

namespace KqueueTransport.Connections;

/// <summary>
/// The features that the server and its middleware have set on a connection, by type. They are few, so they are
/// searched one by one. Used by one thread at a time, as a feature collection is.
/// </summary>
internal struct AddedFeatures
{
    // What TLS adds.
    private const int InitialCapacity = 4;

    // What Kestrel sets on every connection, but for one whose type is its own. Each has its place, and most
    // connections need no array.
    private static readonly Type[] s_usualTypes =
    [
        typeof(IConnectionHeartbeatFeature), typeof(IConnectionCompleteFeature),
        typeof(IConnectionLifetimeNotificationFeature),
    ];

    // By the index of their types. None of them is the transport's own, so null is also one that was never set.
    private UsualFeatures _usual;

    // The first of the others, and the rest: filled from the front; a free entry has no type.
    private KeyValuePair<Type, object?> _other;
    private KeyValuePair<Type, object?>[]? _rest;

    /// <summary>Finds a feature that was set, perhaps to null.</summary>
    public readonly bool TryGet(Type type, out object? feature)
    {
        if (IndexOfUsual(type) is >= 0 and var usual)
        {
            feature = _usual[usual];
            return true;
        }

        if (_other.Key == type)
        {
            feature = _other.Value;
            return true;
        }

        return TryGetOfRest(type, out feature);
    }

    public void Set(Type type, object? feature)
    {
        if (IndexOfUsual(type) is >= 0 and var usual)
        {
            _usual[usual] = feature;
        }
        else if (_other.Key is null || _other.Key == type)
        {
            _other = new(type, feature);
        }
        else
        {
            SetOfRest(type, feature);
        }
    }

    /// <summary>Those that were set to something.</summary>
    public readonly IEnumerable<KeyValuePair<Type, object>> All()
    {
        for (var i = 0; i < s_usualTypes.Length; i++)
        {
            if (_usual[i] is { } feature)
            {
                yield return new(s_usualTypes[i], feature);
            }
        }

        foreach (var (type, value) in (_rest ?? []).Prepend(_other))
        {
            if (value is { } feature)
            {
                yield return new(type, feature);
            }
        }
    }

    private static int IndexOfUsual(Type type) => Array.IndexOf(s_usualTypes, type);

    private readonly bool TryGetOfRest(Type type, out object? feature)
    {
        foreach (var (key, value) in _rest ?? [])
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

    private void SetOfRest(Type type, object? feature)
    {
        _rest ??= new KeyValuePair<Type, object?>[InitialCapacity];
        var index = 0;
        while (index < _rest.Length && _rest[index].Key is { } key && key != type)
        {
            index++;
        }

        if (index == _rest.Length)
        {
            Array.Resize(ref _rest, index * 2);
        }

        _rest[index] = new(type, feature);
    }

    // As many as there are usual types.
    [InlineArray(3)]
    private struct UsualFeatures
    {
        private object? _first;
    }
}
