using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Outbound;

/// <summary>The outbound connections that have not ended. Nobody else ends them when their loops do.</summary>
internal sealed class OpenConnections
{
    private readonly Lock _gate = new();

    // Under _gate. Null once all are ended.
    private HashSet<Connection>? _connections = [];

    /// <summary>Adds a connection that has begun, or ends it once all are ended.</summary>
    public void Add(Connection connection)
    {
        lock (_gate)
        {
            if (_connections is { } connections)
            {
                // One that has ended meanwhile may have been removed before it came here.
                if (connection.EndCause is null)
                {
                    connections.Add(connection);
                }

                return;
            }
        }

        End(connection);
    }

    /// <summary>A connection has ended.</summary>
    public void Remove(Connection connection)
    {
        lock (_gate)
        {
            _connections?.Remove(connection);
        }
    }

    /// <summary>Ends all: the loops are about to.</summary>
    public void EndAll()
    {
        HashSet<Connection>? connections;
        lock (_gate)
        {
            connections = _connections;
            _connections = null;
        }

        foreach (var connection in connections ?? [])
        {
            End(connection);
        }
    }

    private static void End(Connection connection) =>
        connection.Abort(new ConnectionAbortedException("The event loops of the connection end."));
}
