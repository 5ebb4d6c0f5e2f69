using FileSwarm.Server;

namespace Samples.Tests.Swarm;

public sealed class ChunkCacheTests
{
    [Fact]
    public void Add_BeyondTheLimit_DropsWhatWasNotUsedForLongest()
    {
        var cache = new ChunkCache(bytesMax: 30);
        cache.Add(1, new byte[10]);
        cache.Add(2, new byte[10]);
        cache.Add(3, new byte[10]);
        Assert.True(cache.TryGet(1, out _));

        cache.Add(4, new byte[20]);

        Assert.True(cache.TryGet(1, out _));
        Assert.False(cache.TryGet(2, out _));
        Assert.False(cache.TryGet(3, out _));
        Assert.True(cache.TryGet(4, out var frame));
        Assert.Equal(20, frame.Length);
    }

    [Fact]
    public void Add_LargerThanTheLimit_IsNotKept()
    {
        var cache = new ChunkCache(bytesMax: 10);
        cache.Add(1, new byte[10]);

        cache.Add(2, new byte[11]);

        Assert.True(cache.TryGet(1, out _));
        Assert.False(cache.TryGet(2, out _));
    }

    // A list in the order of use is the model.
    [Fact]
    public void Operations_AtRandom_AgreeWithAList()
    {
        const int BytesMax = 100;
        var random = new Random(1);
        var cache = new ChunkCache(BytesMax);
        var model = new List<(int Index, int Length)>();
        for (var step = 0; step < 50_000; step++)
        {
            var index = random.Next(30);
            var present = model.FindIndex(entry => entry.Index == index);
            if (random.Next(2) == 0)
            {
                Assert.Equal(present >= 0, cache.TryGet(index, out var frame));
                if (present >= 0)
                {
                    Assert.Equal(model[present].Length, frame.Length);
                    model.Add(model[present]);
                    model.RemoveAt(present);
                }
            }
            else
            {
                var length = random.Next(1, 40);
                cache.Add(index, new byte[length]);
                model.RemoveAll(entry => entry.Index == index);
                while (model.Sum(entry => entry.Length) + length > BytesMax)
                {
                    model.RemoveAt(0);
                }

                model.Add((index, length));
            }

            Assert.Equal(model.Count, cache.Count);
            Assert.Equal(model.Sum(entry => entry.Length), cache.Bytes);
        }
    }
}
