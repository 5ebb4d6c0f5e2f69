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
    private readonly PipeReader _input = connection.Transport.Input;
    private readonly PipeWriter _output = connection.Transport.Output;

    // Who uses the pipes: the stream itself until it is disposed, and each operation. 0 for good once nobody does.
    private int _users = 1;

    // Whether an operation is running, by direction, and whether the stream is disposed.
    private bool _isReading;
    private bool _isWriting;
    private bool _isDisposed;

    public override bool CanRead => !Volatile.Read(ref _isDisposed);

    public override bool CanWrite => !Volatile.Read(ref _isDisposed);

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
        Begin(ref _isReading);
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
            End(ref _isReading);
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
        Begin(ref _isWriting);
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
            End(ref _isWriting);
        }
    }

    public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        ValidateCopyToArguments(destination, bufferSize);
        Begin(ref _isReading);
        try
        {
            await _input.CopyToAsync(destination, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (IsEnd(error))
        {
            throw Ended(error);
        }
        finally
        {
            End(ref _isReading);
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
        if (disposing && !Interlocked.Exchange(ref _isDisposed, true))
        {
            if (Volatile.Read(ref _users) > 1)
            {
                connection.Abort(new ConnectionAbortedException("The stream over the connection was disposed."));
            }

            Release();
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

    private void Begin(ref bool isRunning)
    {
        // A disposal that comes after this finds one user more.
        Interlocked.Increment(ref _users);
        if (Volatile.Read(ref _isDisposed))
        {
            Release();
            throw new ObjectDisposedException(nameof(Stream));
        }

        if (Interlocked.Exchange(ref isRunning, true))
        {
            Release();
            throw new InvalidOperationException("Another operation of this direction of the stream is running.");
        }
    }

    private void End(ref bool isRunning)
    {
        Volatile.Write(ref isRunning, false);
        Release();
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            // What is left to wait for is the callbacks of ConnectionClosed, and a peer that has not taken all.
            _ = connection.DisposeAsync().AsTask();
        }
    }

    private static bool IsEnd(Exception error) => error is ConnectionAbortedException or SocketException;

    /// <summary>What a stream throws at its end; an aborted connection's exception is one of cancellation.</summary>
    private Exception Ended(Exception? cause) =>
        Volatile.Read(ref _isDisposed) ? new ObjectDisposedException(nameof(Stream), cause)
        : cause as IOException ?? new IOException(cause?.Message ?? "The connection has ended.", cause);

    private static void ThrowIfCanceled(bool isCanceled)
    {
        if (isCanceled)
        {
            throw new OperationCanceledException("The operation was canceled on the pipe of the connection.");
        }
    }
}
