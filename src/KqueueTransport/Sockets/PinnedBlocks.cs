using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace KqueueTransport.Sockets;

/// <summary>
/// Memory that is pinned for one scatter receive or gather send. Kestrel's pool hands out pinned blocks, for which
/// this costs nothing; memory of another pool is pinned until <see cref="Dispose"/>.
/// </summary>
internal unsafe ref struct PinnedBlocks
{
    /// <summary>Blocks of one call at most: 256 KiB with Kestrel's 4 KiB blocks, 1 MiB with the largest.</summary>
    public const int CountMax = 64;

    private IoVectors _vectors;
    private MemoryHandles _handles;

    public int Count { get; private set; }

    [UnscopedRef]
    public readonly ReadOnlySpan<IoVector> Vectors => ((ReadOnlySpan<IoVector>)_vectors)[..Count];

    public void Add(ReadOnlyMemory<byte> block)
    {
        var handle = block.Pin();
        _handles[Count] = handle;
        _vectors[Count] = new IoVector((byte*)handle.Pointer, block.Length);
        Count++;
    }

    public void Dispose()
    {
        for (var i = 0; i < Count; i++)
        {
            _handles[i].Dispose();
        }
    }

    [InlineArray(CountMax)]
    private struct IoVectors
    {
        private IoVector _first;
    }

    [InlineArray(CountMax)]
    private struct MemoryHandles
    {
        private MemoryHandle _first;
    }
}
