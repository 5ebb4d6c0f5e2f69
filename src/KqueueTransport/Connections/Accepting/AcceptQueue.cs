using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections.Accepting;

/// <summary>Accepted connections that wait for AcceptAsync.</summary>
internal sealed class AcceptQueue(int capacity)
{
    private readonly Channel<Connection> _connections =
        Channel.CreateUnbounded<Connection>(new UnboundedChannelOptions { AllowSynchronousContinuations = false });

    private int _isPaused;

    /// <summary>How many wait.</summary>
    public int Count => _connections.Reader.Count;

    /// <summary>Called when a queue that was full has room again.</summary>
    public Action? RoomMade { get; set; }

    /// <summary>True when no more should be accepted; <see cref="RoomMade"/> then says when to go on.</summary>
    public bool PauseIfFull()
    {
        if (Count < capacity)
        {
            return false;
        }

        // Announce the pause, then look again: a taker may have made room just before it could know.
        Interlocked.Exchange(ref _isPaused, 1);
        return Count >= capacity || Interlocked.Exchange(ref _isPaused, 0) == 0;
    }

    /// <summary>Adds a connection, also beyond the capacity: it is the caller who pauses.</summary>
    public void Add(Connection connection)
    {
        if (!_connections.Writer.TryWrite(connection))
        {
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

        if (Volatile.Read(ref _isPaused) != 0 && Interlocked.Exchange(ref _isPaused, 0) != 0)
        {
            RoomMade?.Invoke();
        }

        return true;
    }
}
