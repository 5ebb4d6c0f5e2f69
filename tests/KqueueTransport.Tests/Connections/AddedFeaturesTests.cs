using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace KqueueTransport.Tests.Connections;

/// <summary>The features that were set on a connection, whichever place they have.</summary>
public sealed class AddedFeaturesTests
{
    // Three with a place of their own, and more than the others' array begins with.
    private static readonly Type[] s_types =
    [
        typeof(int), typeof(IConnectionCompleteFeature), typeof(uint), typeof(IConnectionHeartbeatFeature),
        typeof(long), typeof(IConnectionLifetimeNotificationFeature), typeof(ulong), typeof(short), typeof(ushort),
        typeof(byte),
    ];

    private AddedFeatures _features;

    [Fact]
    public void Set_Many_FindsEach()
    {
        SetAll();

        Assert.All(s_types, type => Assert.Same(type.Name, Find(type)));
    }

    [Fact]
    public void Set_Again_FindsTheLast()
    {
        SetAll();
        foreach (var type in s_types)
        {
            _features.Set(type, type);
        }

        Assert.All(s_types, type => Assert.Same(type, Find(type)));
        Assert.Equal(s_types.Length, _features.All().Count());
    }

    [Fact]
    public void Set_ToNull_IsNotAmongAll()
    {
        SetAll();
        foreach (var type in s_types)
        {
            _features.Set(type, null);
            Assert.DoesNotContain(_features.All(), pair => pair.Key == type);
            Assert.Null(Find(type));
        }

        Assert.Empty(_features.All());
    }

    [Fact]
    public void TryGet_SetToNull_IsNotTheSameAsNeverSet()
    {
        _features.Set(typeof(int), null);

        Assert.True(_features.TryGet(typeof(int), out _));
        Assert.False(_features.TryGet(typeof(uint), out _));
    }

    [Fact]
    public void All_OfMany_IsEachOnce()
    {
        SetAll();

        Assert.Equal(
            s_types.Select(type => (type, type.Name)).ToHashSet(),
            _features.All().Select(pair => (pair.Key, (string)pair.Value)).ToHashSet());
        Assert.Equal(s_types.Length, _features.All().Count());
    }

    private void SetAll()
    {
        foreach (var type in s_types)
        {
            _features.Set(type, type.Name);
        }
    }

    private object? Find(Type type)
    {
        Assert.True(_features.TryGet(type, out var feature));
        return feature;
    }
}
