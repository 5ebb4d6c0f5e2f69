using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>Two pipes with the options of Kestrel's Sockets transport; the peer stands at their other ends.</summary>
public sealed class PipeDuplex : Duplex
{
    private readonly MemoryPool<byte>? _pool;
    private readonly Pipe _input;
    private readonly Pipe _output;

    public PipeDuplex(DuplexOptions options)
    {
        _pool = options.MemoryPoolFactory?.Create();
        _input = new Pipe(Limit(options.MaxReadBufferSize));
        _output = new Pipe(Limit(options.MaxWriteBufferSize));
        Peer = new PipePeer(_input.Writer, _output.Reader);
    }

    public override PipeReader Input => _input.Reader;

    public override PipeWriter Output => _output.Writer;

    public override Peer Peer { get; }

    public override void Abort()
    {
        _input.Writer.Complete(new ConnectionAbortedException());
        _output.Reader.Complete();
    }

    public override ValueTask DisposeAsync()
    {
        _input.Writer.Complete();
        _output.Reader.Complete();
        Input.Complete();
        Output.Complete();
        _pool?.Dispose();
        return default;
    }

    private PipeOptions Limit(int bytesMax) => new(
        _pool,
        pauseWriterThreshold: bytesMax,
        resumeWriterThreshold: bytesMax / 2,
        useSynchronizationContext: false);

    private sealed class PipePeer(PipeWriter towardsInput, PipeReader fromOutput) : Peer
    {
        // As receives do: the input sees many bytes in pieces, and pauses the peer between two of them.
        private const int PieceBytes = 32 * 1024;

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        public override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        {
            for (; !bytes.IsEmpty; bytes = bytes[Math.Min(bytes.Length, PieceBytes)..])
            {
                await towardsInput.WriteAsync(bytes[..Math.Min(bytes.Length, PieceBytes)]).ConfigureAwait(false);
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<int> ReceiveAsync(Memory<byte> buffer)
        {
            var read = await fromOutput.ReadAsync().ConfigureAwait(false);
            var count = (int)Math.Min(buffer.Length, read.Buffer.Length);
            var taken = read.Buffer.Slice(0, count);
            taken.CopyTo(buffer.Span);
            fromOutput.AdvanceTo(taken.End);
            return count;
        }

        public override void Finish() => towardsInput.Complete();

        public override void Reset()
        {
            towardsInput.Complete(new ConnectionResetException("The peer reset the stream."));
            fromOutput.Complete();
        }
    }
}

/// <summary>The oracle: <see cref="Pipe"/> itself.</summary>
public sealed class PipeSource : DuplexSource
{
    // Every completion that goes through the thread pool costs a work item.
    public override int AllocatedBytesPerRoundTripMax => 512;

    public override ValueTask<Duplex> OpenAsync(DuplexOptions options) => new(new PipeDuplex(options));
}
