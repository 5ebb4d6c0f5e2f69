using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests;

/// <summary>Hands out pools that allocate nothing once they have made as many blocks as are out at a time.</summary>
internal sealed class KeepingMemoryPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new KeepingPool();

    private sealed class KeepingPool : MemoryPool<byte>
    {
        private const int BlockBytes = 4096;

        private readonly Stack<Block> _blocks = new(capacity: 64);

        public override int MaxBufferSize => BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            lock (_blocks)
            {
                return _blocks.TryPop(out var block) ? block : new Block(this);
            }
        }

        protected override void Dispose(bool disposing)
        {
        }

        private void Keep(Block block)
        {
            lock (_blocks)
            {
                _blocks.Push(block);
            }
        }

        private sealed class Block(KeepingPool pool) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

            public void Dispose() => pool.Keep(this);
        }
    }
}
