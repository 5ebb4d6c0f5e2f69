using System.Buffers;
using KqueueTransport.Diagnostics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Buffers;

/// <summary>
/// A loop's memory pool, which may be the application's own: what it does wrong ends no loop, and keeps no connection
/// from its end. A block that it has no memory for is the connection's misfortune; one that it does not take back is
/// logged, and is nobody's any more.
/// </summary>
internal sealed class BlockPool(MemoryPool<byte> pool, ILogger logger) : IDisposable
{
    /// <summary>
    /// What Kestrel's pool hands out. A pool that has every size would give as little as it is asked for.
    /// </summary>
    public const int UsualBytes = 4096;

    public MemoryPool<byte> Pool => pool;

    /// <summary>The objects that the blocks of the loop's connections hang on.</summary>
    public SpareSegments Segments { get; } = new();

    /// <summary>Whether it has blocks of this size.</summary>
    public bool Has(int bytes) => bytes <= pool.MaxBufferSize;

    /// <summary>A block of at least <paramref name="bytes"/>, and of the usual size where that is less.</summary>
    public IMemoryOwner<byte> Rent(int bytes, out Memory<byte> memory)
    {
        var block = pool.Rent(Math.Max(bytes, Math.Min(UsualBytes, pool.MaxBufferSize)));
        memory = block.Memory;
        if (memory.Length < Math.Max(bytes, 1))
        {
            // To receive into no room at all looks like the peer's end.
            Return(block);
            throw new InvalidOperationException("The memory pool handed out a smaller block than was asked for.");
        }

        return block;
    }

    public void Return(IMemoryOwner<byte> block)
    {
        try
        {
            block.Dispose();
        }
        catch (Exception exception)
        {
            TransportLog.UnexpectedException(logger, "the return of a block to the memory pool", exception);
        }
    }

    public void Dispose()
    {
        try
        {
            pool.Dispose();
        }
        catch (Exception exception)
        {
            TransportLog.UnexpectedException(logger, "the end of a memory pool", exception);
        }
    }
}
