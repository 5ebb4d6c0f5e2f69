using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Common.Memory;

/// <summary>
/// Hands out pools that count what is out, and spoil what comes back: bytes that are used after their return show up as
/// wrong payload, and a block that is returned twice fails.
/// </summary>
internal sealed class CountingMemoryPoolFactory : IMemoryPoolFactory<byte>
{
    private long _rentedBytes;
    private long _rentedEver;
    private long _blocksMax = long.MaxValue;
    private Exception? _failure;

    public long RentedBytes => Volatile.Read(ref _rentedBytes);

    public long RentedEver => Volatile.Read(ref _rentedEver);

    /// <summary>Hands out so many blocks in all, and throws then.</summary>
    public void FailsFrom(long blocks, Exception failure)
    {
        _failure = failure;
        Volatile.Write(ref _blocksMax, blocks);
    }

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new CountingPool(this);

    private void Count(int bytes)
    {
        Interlocked.Add(ref _rentedBytes, bytes);
        if (bytes > 0)
        {
            Interlocked.Increment(ref _rentedEver);
        }
    }

    private sealed class CountingPool(CountingMemoryPoolFactory counts) : MemoryPool<byte>
    {
        // What Kestrel's own pool hands out. That has no larger ones, which then come from elsewhere, uncounted.
        private const int BlockBytes = 4096;

        public override int MaxBufferSize => 16 * BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, MaxBufferSize);
            if (counts.RentedEver >= Volatile.Read(ref counts._blocksMax))
            {
                throw counts._failure!;
            }

            var size = Math.Max(minBufferSize, BlockBytes);
            counts.Count(size);
            return new Block(counts, size);
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class Block(CountingMemoryPoolFactory counts, int size) : IMemoryOwner<byte>
    {
        // Pinned, as the blocks of Kestrel's own pool are.
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        private int _isReturned;

        public Memory<byte> Memory
        {
            get
            {
                ObjectDisposedException.ThrowIf(_isReturned != 0, this);
                return _bytes;
            }
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReturned, 1) != 0)
            {
                throw new InvalidOperationException("A block was returned to its pool twice.");
            }
            _bytes.AsSpan().Fill(0xDD);
            counts.Count(-_bytes.Length);
        }
    }
}
