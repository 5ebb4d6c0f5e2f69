using System.Net.Sockets;
using System.Text;
using Kqueue.EventLoops;
using Samples.Common;

namespace StreamingServer;

/// <summary>
/// The clients, and who hears what. Loop thread only, except <see cref="OnRoomMessage"/>.
/// </summary>
internal sealed class Server : IDisposable
{
    private readonly EventLoop _loop;
    private readonly StreamingOptions _options;
    private readonly Listener _listener;
    private readonly Dictionary<int, Client> _clients = [];
    private Room? _room;
    private int _lastNumber;

    public Server(EventLoop loop, StreamingOptions options)
    {
        _loop = loop;
        _options = options;
        _listener = new Listener(loop, options.EndPoint, OnConnected);
    }

    /// <summary>Starts to accept. What is said here goes to <paramref name="room"/> too, if there is one.</summary>
    public void Start(Room? room)
    {
        _room = room;
        _listener.Start();
        Console.WriteLine($"listening on {_listener.EndPoint}");
    }

    /// <summary>A client has said something.</summary>
    public void OnMessage(Client client, string message)
    {
        var line = $"client #{client.Number}: {message}";
        Console.WriteLine(line);
        if (_options.Chat)
        {
            Broadcast(line, except: client);
            _room?.Publish($"{_options.Name} {line}");
        }
    }

    public void OnDisconnected(Client client)
    {
        _clients.Remove(client.Number);
        Console.WriteLine($"client #{client.Number} disconnected.");
    }

    /// <summary>A line was typed on standard input: it goes to all clients.</summary>
    public void OnTyped(string line)
    {
        Broadcast(line, except: null);
        _room?.Publish(line);
    }

    /// <summary>Another server of the room has sent a line. Called on any thread.</summary>
    public void OnRoomMessage(string line) => _loop.Post(
        _ =>
        {
            Console.WriteLine(line);
            Broadcast(line, except: null);
        },
        null);

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private void OnConnected(Socket socket)
    {
        if (_clients.Count >= _options.MaxClients)
        {
            Refuse(socket);
            return;
        }

        var client = new Client(++_lastNumber, socket, _loop, this, _options.QueueBytesMax);
        _clients.Add(client.Number, client);
        client.Start();
        client.Tell(LineOf($"welcome! you are client #{client.Number}!"));
    }

    private void Refuse(Socket socket)
    {
        Console.Error.WriteLine($"{socket.RemoteEndPoint} is refused: there are {_clients.Count} clients already.");
        _ = socket.Send(LineOf("sorry, the server is full. try again later!").Span, SocketFlags.None, out _);
        socket.Dispose();
    }

    // A client that is dropped in the middle leaves the dictionary; removing does not disturb the enumeration.
    private void Broadcast(string line, Client? except)
    {
        var message = LineOf(line);
        foreach (var client in _clients.Values)
        {
            if (client != except)
            {
                client.Tell(message);
            }
        }
    }

    private static ReadOnlyMemory<byte> LineOf(string text) => Encoding.UTF8.GetBytes(text + "\n");
}
