using System.Buffers;
using KqueueTransport.Connections.Buffers;
using Microsoft.Extensions.Logging.Abstractions;

namespace KqueueTransport.Tests.Connections;

/// <summary>Segments are taken from the pool, given back once, and their objects used again.</summary>
public sealed class SegmentQueueTests : IDisposable
{
    private readonly CheckingMemoryPoolFactory _counts = new();
    private readonly BlockPool _pool;
    private SegmentQueue _queue;

    public SegmentQueueTests()
    {
        _pool = new BlockPool(_counts.Create(), NullLogger.Instance);
    }

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void Append_ThenRemoveHead_KeepsTheOrderAndReturnsEveryBlock()
    {
        var segments = Enumerable.Range(0, 5).Select(i => _queue.Append(_pool, stream: null, 0, i * 10)).ToList();

        foreach (var segment in segments)
        {
            Assert.Same(segment, _queue.Head);
            _queue.RemoveHead();
        }

        Assert.Null(_queue.Head);
        Assert.Null(_queue.Tail);
        Assert.Equal(0, _counts.RentedBytes);
    }

    [Fact]
    public void RemoveAfter_First_LeavesItAlone()
    {
        var first = _queue.Append(_pool, stream: null, 0, 0);
        _queue.Append(_pool, stream: null, 0, 0);
        _queue.Append(_pool, stream: null, 0, 0);

        _queue.RemoveAfter(first);

        Assert.Same(first, _queue.Head);
        Assert.Same(first, _queue.Tail);
        Assert.Null(first.NextSegment);
        _queue.Clear();
        Assert.Equal(0, _counts.RentedBytes);
    }

    [Fact]
    public void Append_AfterClear_UsesTheObjectsAgainAndTheyAreEmpty()
    {
        var segments = Enumerable.Range(0, 16).Select(_ => _queue.Append(_pool, stream: null, 0, 0)).ToHashSet();
        _queue.Head!.End = 100;
        _queue.Clear();

        for (var i = 0; i < 16; i++)
        {
            var segment = _queue.Append(_pool, stream: null, 0, i);
            Assert.Contains(segment, segments);
            Assert.Equal(0, segment.End);
            Assert.Null(segment.NextSegment);
            Assert.Equal(i, segment.RunningIndex);
        }

        _queue.Clear();
    }

    [Fact]
    public void Append_MoreThanThePoolsBlocks_TakesOtherMemory()
    {
        var segment = _queue.Append(_pool, stream: null, _pool.Pool.MaxBufferSize + 1, 0);

        Assert.True(segment.Free.Length > _pool.Pool.MaxBufferSize);
        Assert.Equal(0, _counts.RentedBytes);
        _queue.Clear();
    }

    [Fact]
    public void CopyBorrowed_PartDone_KeepsTheRestInABlock()
    {
        var bytes = new byte[] { 1, 2, 3, 4, 5 };
        _queue.Append(_pool, stream: null, 0, 0);
        _queue.Borrow(_pool, bytes);
        var segment = _queue.Tail!;
        segment.Start = 2;

        segment.CopyBorrowed();
        bytes.AsSpan().Clear();

        Assert.False(segment.IsBorrowed);
        Assert.Equal([3, 4, 5], segment.Memory[segment.Start..segment.End].ToArray());
        Assert.Same(segment, _queue.Tail);
        _queue.Clear();
        Assert.Equal(0, _counts.RentedBytes);
    }

    [Fact]
    public void CopyBorrowed_ThePoolsBlockIsTooSmall_StaysBorrowed()
    {
        var stingy = new StingyPool();
        using var pool = new BlockPool(stingy, NullLogger.Instance);
        _queue.Borrow(pool, new byte[] { 1, 2, 3 });
        var segment = _queue.Tail!;

        Assert.Throws<InvalidOperationException>(segment.CopyBorrowed);

        Assert.True(segment.IsBorrowed);
        Assert.Equal([1, 2, 3], segment.Memory.ToArray());
        Assert.Equal(0, stingy.Rented);
        _queue.Clear();
    }

    [Fact]
    public void Append_ThePoolsBlockIsTooSmall_GivesItBack()
    {
        var stingy = new StingyPool();
        using var pool = new BlockPool(stingy, NullLogger.Instance);

        Assert.Throws<InvalidOperationException>(() => _queue.Append(pool, stream: null, sizeHint: 2, 0));

        Assert.Null(_queue.Head);
        Assert.Equal(0, stingy.Rented);
    }

    /// <summary>Hands out less than it is asked for.</summary>
    private sealed class StingyPool : MemoryPool<byte>
    {
        public int Rented { get; private set; }

        public override int MaxBufferSize => BlockPool.UsualBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            Rented++;
            return new Block(this);
        }

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Block(StingyPool pool) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory => new byte[1];

            public void Dispose() => pool.Rented--;
        }
    }
}
