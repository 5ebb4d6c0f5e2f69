using System.Net;

namespace Bench.Net;

/// <summary>Connections to a server that are held open and do nothing.</summary>
internal sealed class ClientConnections(IPEndPoint server) : IDisposable
{
    private readonly List<ClientConnection> _connections = [];

    /// <summary>Opens some that never send anything.</summary>
    public void Open(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _connections.Add(ClientConnection.Open(server));
        }
    }

    /// <summary>Opens some that ask once.</summary>
    public void OpenAndAsk(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var connection = ClientConnection.Open(server);
            _connections.Add(connection);
            connection.Ask();
        }
    }

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());
}
