using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Common.Memory;

/// <summary>
/// Hands out pools that count what is out and watch over it: a block that comes back pinned or twice, that is looked at
/// after its return, or written to, is a violation. Kestrel's diagnostic pool watches for the same.
/// </summary>
internal sealed class CheckingMemoryPoolFactory : IMemoryPoolFactory<byte>
{
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly ConcurrentQueue<Block> _returned = new();
    private long _rentedBytes;
    private long _rentedEver;
    private long _blocksMax = long.MaxValue;
    private Exception? _failure;

    public long RentedBytes => Volatile.Read(ref _rentedBytes);

    public long RentedEver => Volatile.Read(ref _rentedEver);

    /// <summary>What was done with a block that must not be done.</summary>
    public IReadOnlyCollection<string> Violations
    {
        get
        {
            foreach (var block in _returned)
            {
                block.CheckUntouched();
            }

            return _violations;
        }
    }

    /// <summary>Called for each block that comes back, on the thread that returns it.</summary>
    public Action? Returning { get; set; }

    /// <summary>Hands out so many blocks in all, and throws then.</summary>
    public void FailsFrom(long blocks, Exception failure)
    {
        _failure = failure;
        Volatile.Write(ref _blocksMax, blocks);
    }

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new CheckingPool(this);

    private void Count(int bytes)
    {
        Interlocked.Add(ref _rentedBytes, bytes);
        if (bytes > 0)
        {
            Interlocked.Increment(ref _rentedEver);
        }
    }

    private void Keep(Block block)
    {
        // Long enough that a late write meets it, and few enough to look at.
        const int KeptMax = 256;

        _returned.Enqueue(block);
        if (_returned.Count > KeptMax && _returned.TryDequeue(out var oldest))
        {
            oldest.CheckUntouched();
        }
    }

    private InvalidOperationException Violation(string what)
    {
        _violations.Enqueue($"{what}{Environment.NewLine}{Environment.StackTrace}");
        return new InvalidOperationException(what);
    }

    private sealed class CheckingPool(CheckingMemoryPoolFactory factory) : MemoryPool<byte>
    {
        // What Kestrel's own pool hands out. That has no larger ones, which then come from elsewhere, uncounted.
        private const int BlockBytes = 4096;

        public override int MaxBufferSize => 16 * BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, MaxBufferSize);
            if (factory.RentedEver >= Volatile.Read(ref factory._blocksMax))
            {
                throw factory._failure!;
            }

            var size = Math.Max(minBufferSize, BlockBytes);
            factory.Count(size);
            return new Block(factory, size);
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class Block(CheckingMemoryPoolFactory factory, int size) : MemoryManager<byte>, IMemoryOwner<byte>
    {
        private const byte Spoilt = 0xDD;

        // Pinned, as the blocks of Kestrel's own pool are.
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        private int _pins;
        private int _isReturned;

        public override Memory<byte> Memory => CreateMemory(_bytes.Length);

        public override Span<byte> GetSpan()
        {
            ThrowIfReturned();
            return _bytes;
        }

        public override unsafe MemoryHandle Pin(int elementIndex = 0)
        {
            ThrowIfReturned();
            Interlocked.Increment(ref _pins);
            ref var first = ref MemoryMarshal.GetArrayDataReference(_bytes);
            return new MemoryHandle(
                (byte*)Unsafe.AsPointer(ref first) + elementIndex, default, this);
        }

        public override void Unpin() => Interlocked.Decrement(ref _pins);

        /// <summary>Nobody has written to it since it was returned.</summary>
        public void CheckUntouched()
        {
            if (_bytes.AsSpan().ContainsAnyExcept(Spoilt))
            {
                _bytes.AsSpan().Fill(Spoilt);
                _ = factory.Violation("A block was written to after its return.");
            }
        }

        void IDisposable.Dispose()
        {
            if (Interlocked.Exchange(ref _isReturned, 1) != 0)
            {
                throw factory.Violation("A block was returned to its pool twice.");
            }

            _bytes.AsSpan().Fill(Spoilt);
            factory.Count(-_bytes.Length);
            factory.Keep(this);
            if (Volatile.Read(ref _pins) != 0)
            {
                throw factory.Violation("A block was returned to its pool while it was pinned.");
            }

            factory.Returning?.Invoke();
        }

        // Sockets sends arrays only.
        protected override bool TryGetArray(out ArraySegment<byte> segment)
        {
            ThrowIfReturned();
            segment = _bytes;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
        }

        private void ThrowIfReturned()
        {
            if (Volatile.Read(ref _isReturned) != 0)
            {
                throw factory.Violation("A block was looked at after its return.");
            }
        }
    }
}
