using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections.Accepting;

/// <summary>Accepted connections that wait for AcceptAsync.</summary>
internal sealed class AcceptQueue(int capacity)
{
    private readonly Channel<Connection> _connections =
        Channel.CreateUnbounded<Connection>(new UnboundedChannelOptions { AllowSynchronousContinuations = false });

    /// <summary>How many there may be. It is the one who adds that pauses.</summary>
    public Places Places { get; } = new(capacity);

    /// <summary>Adds a connection, also beyond the capacity.</summary>
    public void Add(Connection connection)
    {
        Places.Take();
        if (!TryAdd(connection))
        {
            Places.Free();
            connection.Abort();
        }
    }

    /// <summary>Adds nothing more; what is there can still be taken.</summary>
    public void Complete() => _connections.Writer.TryComplete();

    /// <summary>The next connection, or null when the queue is complete and empty.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ConnectionContext?> TakeAsync(CancellationToken cancellationToken)
    {
        Connection? connection;
        while (!TryTake(out connection))
        {
            if (!await _connections.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return null;
            }
        }

        return connection;
    }

    public bool TryTake(out Connection? connection)
    {
        if (!_connections.Reader.TryRead(out connection))
        {
            return false;
        }

        Places.Free();
        return true;
    }

    private bool TryAdd(Connection connection)
    {
        try
        {
            return _connections.Writer.TryWrite(connection);
        }
        catch (OutOfMemoryException)
        {
            // It is there, and the thread pool, which wakes whoever takes, is refused a thread: see PoolWork.
            return true;
        }
    }
}
