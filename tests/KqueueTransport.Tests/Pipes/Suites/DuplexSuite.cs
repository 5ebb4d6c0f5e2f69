using System.Buffers;
using System.IO.Pipelines;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>Opens one duplex per test, and holds the steps that most tests begin with.</summary>
public abstract class DuplexSuite(DuplexSource source) : IAsyncLifetime
{
    private Duplex? _duplex;

    protected DuplexSource Source => source;

    protected Duplex Duplex => _duplex!;

    protected PipeReader Reader => _duplex!.Input;

    protected PipeWriter Writer => _duplex!.Output;

    protected Peer Peer => _duplex!.Peer;

    protected virtual DuplexOptions Options { get; } = new();

    /// <summary>What the options get where they name no memory: it watches what is done with its blocks.</summary>
    private protected CheckingMemoryPoolFactory Pool { get; } = new();

    public async ValueTask InitializeAsync()
    {
        source.SkipIfDifferent();
        var options = Options;
        _duplex = await source.OpenAsync(
            options with { MemoryPoolFactory = options.MemoryPoolFactory ?? Pool });
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await CloseAsync();
        Assert.Empty(Pool.Violations);
    }

    protected void Abort() => _duplex!.Abort();

    protected async Task CloseAsync()
    {
        if (Interlocked.Exchange(ref _duplex, null) is { } duplex)
        {
            await duplex.DisposeAsync().Soon();
        }
    }

    /// <summary>Reads, without consuming, until <paramref name="length"/> bytes lie in the buffer.</summary>
    protected async Task<ReadResult> ReadBufferedAsync(long length)
    {
        var deadline = new Waiting.Deadline();
        var read = await Reader.ReadAsync().Soon();
        while (read.Buffer.Length < length)
        {
            deadline.Check($"{read.Buffer.Length} of {length} bytes are there");
            Assert.False(read.IsCompleted, $"the input ended after {read.Buffer.Length} of {length} bytes");
            Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await Reader.ReadAsync().Soon();
        }
        return read;
    }

    /// <summary>Delivers the first bytes of the payload and reads them; the read is left in progress.</summary>
    protected async Task<ReadResult> DeliverAndReadAsync(int count)
    {
        await Peer.SendAsync(Payload.Create(count)).Soon();
        return await ReadBufferedAsync(count);
    }

    /// <summary>Reads, without consuming, until the input has ended.</summary>
    protected async Task<ReadResult> ReadToEndAsync()
    {
        var deadline = new Waiting.Deadline();
        var read = await Reader.ReadAsync().Soon();
        while (!read.IsCompleted)
        {
            deadline.Check("the input has not ended");
            Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await Reader.ReadAsync().Soon();
        }
        return read;
    }

    /// <summary>Consumes and checks <paramref name="count"/> bytes from <paramref name="offset"/> on.</summary>
    protected async Task ConsumeAsync(long count, long offset = 0)
    {
        var deadline = new Waiting.Deadline();
        var end = offset + count;
        while (offset < end)
        {
            deadline.Check($"reading has come to {offset} of {end} bytes");
            var read = await Reader.ReadAsync().Soon();
            var taken = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, end - offset));
            Payload.Check(taken, offset);
            Assert.False(taken.IsEmpty && read.IsCompleted, $"the input ended at {offset} of {end} bytes");
            offset += taken.Length;
            Reader.AdvanceTo(taken.End);
        }
    }

    /// <summary>
    /// Writes so much that the flush pends until the peer takes some of it, however late that is. What the kernel takes
    /// before, it has.
    /// </summary>
    protected async Task<(Task<FlushResult> Flush, int Written)> WriteMoreThanFitsAsync(
        CancellationToken cancellationToken = default)
    {
        // The kernels let a send buffer grow to 4 MiB, and the peer's receive buffer is small.
        const int SocketsHoldMax = 5 * 1024 * 1024;

        var written = 0;
        while (written < Options.MaxWriteBufferSize + SocketsHoldMax)
        {
            written += WritePiece(written);
        }
        var flush = await Source.FlushAsync(Duplex, cancellationToken);
        Assert.False(flush.IsCompleted);
        return (flush, written);
    }

    /// <summary>As <see cref="WriteMoreThanFitsAsync"/>, with a flush that nobody awaits yet.</summary>
    private protected async Task<(ValueTask<FlushResult> Flush, int Written)> LeaveAFlushPendingAsync()
    {
        // The first one has its continuation already.
        var (flush, written) = await WriteMoreThanFitsAsync();
        Writer.CancelPendingFlush();
        await flush.Soon();
        return (Writer.FlushAsync(), written);
    }

    /// <summary>Writes, and does not flush, a piece of payload from an offset on; the result is its length.</summary>
    protected int WritePiece(int offset)
    {
        // Of the writer's own size: a larger one would not come from the memory pool.
        const int length = 16 * 1024;
        Writer.Write(Payload.Create(length, offset));
        return length;
    }

    /// <summary>Lets the peer take <paramref name="count"/> bytes, and checks them.</summary>
    protected async Task PeerTakesAsync(int count, long offset = 0) =>
        Payload.Check(await Peer.ReceiveExactlyAsync(count).Soon(), offset);
}
