using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Outbound;

/// <summary>
/// A connection as a stream, for clients that are written against streams. It may be disposed while an operation is
/// running on another thread: that ends the connection, the operation hears of it, and only when the last one has let
/// go of the pipes, and of the memory in them, are these completed.
/// </summary>
internal sealed class ConnectionStream(ConnectionContext connection) : Stream
{
    private const int Reading = 1;
    private const int Writing = 2;
    private const int Disposed = 4;

    private readonly PipeReader _input = connection.Transport.Input;
    private readonly PipeWriter _output = connection.Transport.Output;

    // Which operations use the pipes, and whether the stream itself does no more.
    private int _state;

    public override bool CanRead => !IsDisposed;

    public override bool CanWrite => !IsDisposed;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException("A connection has no length.");

    public override long Position
    {
        get => throw new NotSupportedException("A connection has no position.");
        set => throw new NotSupportedException("A connection has no position.");
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Begin(Reading);
        try
        {
            var result = await _input.ReadAsync(cancellationToken).ConfigureAwait(false);
            return Take(result, buffer.Span);
        }
        catch (Exception error) when (IsEnd(error))
        {
            throw Ended(error);
        }
        finally
        {
            End(Reading);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Begin(Writing);
        try
        {
            var result = await _output.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            ThrowIfCanceled(result.IsCanceled);
            if (result.IsCompleted)
            {
                throw Ended((connection as Connection)?.EndCause);
            }
        }
        finally
        {
            End(Writing);
        }
    }

    // Every write is flushed.
    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("A connection cannot seek.");

    public override void SetLength(long value) => throw new NotSupportedException("A connection has no length.");

    protected override void Dispose(bool disposing)
    {
        var before = disposing ? Interlocked.Or(ref _state, Disposed) : Disposed;
        if (before == 0)
        {
            CloseConnection();
        }
        else if ((before & Disposed) == 0)
        {
            connection.Abort(new ConnectionAbortedException("The stream over the connection was disposed."));
        }

        base.Dispose(disposing);
    }

    private int Take(ReadResult result, Span<byte> buffer)
    {
        var length = (int)Math.Min(result.Buffer.Length, buffer.Length);
        var taken = result.Buffer.Slice(0, length);
        taken.CopyTo(buffer);
        _input.AdvanceTo(taken.End);
        ThrowIfCanceled(result.IsCanceled && length == 0 && !buffer.IsEmpty);
        return length;
    }

    private bool IsDisposed => (Volatile.Read(ref _state) & Disposed) != 0;

    private void Begin(int direction)
    {
        var state = Volatile.Read(ref _state);
        while (true)
        {
            ObjectDisposedException.ThrowIf((state & Disposed) != 0, typeof(Stream));
            if ((state & direction) != 0)
            {
                throw new InvalidOperationException("Another operation of this direction of the stream is running.");
            }

            var before = Interlocked.CompareExchange(ref _state, state | direction, state);
            if (before == state)
            {
                return;
            }

            state = before;
        }
    }

    private void End(int direction)
    {
        if ((Interlocked.And(ref _state, ~direction) & ~direction) == Disposed)
        {
            CloseConnection();
        }
    }

    // What is left to wait for is the callbacks of ConnectionClosed, and a peer that has not taken all.
    private void CloseConnection() => _ = connection.DisposeAsync().AsTask();

    private static bool IsEnd(Exception error) => error is ConnectionAbortedException or SocketException;

    /// <summary>What a stream throws at its end; an aborted connection's exception is one of cancellation.</summary>
    private Exception Ended(Exception? cause) =>
        IsDisposed ? new ObjectDisposedException(nameof(Stream), cause)
        : cause as IOException ?? new IOException(cause?.Message ?? "The connection has ended.", cause);

    private static void ThrowIfCanceled(bool isCanceled)
    {
        if (isCanceled)
        {
            throw new OperationCanceledException("The operation was canceled on the pipe of the connection.");
        }
    }
}
