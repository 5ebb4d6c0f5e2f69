using System.Net;
using System.Net.Sockets;
using Kqueue;

namespace EchoServer;

/// <summary>
/// A TCP server in four steps: create, bind and listen; a new kernel event queue; subscribe; poll and handle. One
/// thread serves everybody, because nothing that it calls can block but the poll.
/// </summary>
internal sealed class Server : IDisposable
{
    // The user data of the server's own knotes. A client's is its number, from 1 on, which is never used again: an
    // event of a client that is gone finds nobody.
    private const nint ListenerId = 0;
    private const nint StopId = -1;

    private static readonly KEvent s_stop = new(StopId, KEventFilter.User, KEventFlags.Add, userData: StopId);

    private readonly Socket _listener;
    private readonly KernelQueue _queue;
    private readonly Dictionary<nint, Client> _clients = [];
    private readonly int _lineBytesMax;
    private nint _lastClientId;
    private bool _isStopping;

    public Server(IPEndPoint endPoint, int lineBytesMax)
    {
        _lineBytesMax = lineBytesMax;

        // Step 1: create, bind, listen.
        _listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        _listener.Bind(endPoint);
        _listener.Listen();

        // Step 2: a new kernel event queue.
        _queue = KernelQueue.Create();

        // Step 3: subscribe. READ on a listen socket: connections wait to be accepted.
        Submit(new KEvent(_listener.Handle, KEventFilter.Read, KEventFlags.Add, userData: ListenerId));
        Submit(s_stop);
    }

    public EndPoint EndPoint => _listener.LocalEndPoint!;

    public string BackendName => _queue.BackendName;

    /// <summary>Step 4: poll and handle, until <see cref="Stop"/>.</summary>
    public void Run()
    {
        var events = new KEvent[64];
        while (!_isStopping)
        {
            var count = _queue.Kevent([], events);
            foreach (ref readonly var kevent in events.AsSpan(0, count))
            {
                Handle(kevent);
            }
        }
    }

    /// <summary>Ends <see cref="Run"/>. From any thread.</summary>
    public void Stop() => Submit(
        new KEvent(StopId, KEventFilter.User, KEventFlags.None, KEventNotes.Trigger, userData: StopId));

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }

        _queue.Dispose();
    }

    private void Handle(in KEvent kevent)
    {
        if (kevent.UserData == StopId)
        {
            _isStopping = true;
        }
        else if (kevent.UserData == ListenerId)
        {
            HandleListener(kevent);
        }
        else if (_clients.TryGetValue(kevent.UserData, out var client))
        {
            HandleClient(client, kevent);
        }
    }

    private void HandleListener(in KEvent kevent)
    {
        if (kevent.Filter == KEventFilter.Timer)
        {
            Submit(new KEvent(_listener.Handle, KEventFilter.Read, KEventFlags.Enable, userData: ListenerId));
            return;
        }

        // READ is level-triggered: what this leaves is reported again.
        for (var waiting = Math.Max(kevent.Data, 1); waiting > 0; waiting--)
        {
            try
            {
                Add(_listener.Accept());
            }
            catch (SocketException error)
            {
                OnAcceptFailed(error);
                return;
            }
        }
    }

    private void OnAcceptFailed(SocketException error)
    {
        if (error.SocketErrorCode is SocketError.WouldBlock or SocketError.ConnectionAborted)
        {
            return; // Whoever was waiting has given up.
        }

        // Out of descriptors, most likely. The connection goes on waiting, so look away for a moment: its event would
        // come back at once.
        Console.Error.WriteLine($"accept: {error.Message}");
        Submit(new KEvent(_listener.Handle, KEventFilter.Read, KEventFlags.Disable, userData: ListenerId));
        Submit(new KEvent(
            ListenerId, KEventFilter.Timer, KEventFlags.Add | KEventFlags.OneShot, data: 100, userData: ListenerId));
    }

    private void Add(Socket socket)
    {
        socket.Blocking = false;
        var client = new Client(++_lastClientId, socket, _lineBytesMax);
        _clients.Add(client.Id, client);
        Wait(client, KEventFilter.Read);
        Console.WriteLine($"client #{client.Id} connected");
    }

    private void HandleClient(Client client, in KEvent kevent)
    {
        var wasLeaving = client.IsLeaving;
        var next = kevent.Filter == KEventFilter.Timer ? null : client.Handle(kevent.Filter);
        if (next is not { } filter)
        {
            Remove(client);
            return;
        }

        Wait(client, filter);
        if (client.IsLeaving && !wasLeaving)
        {
            Submit(LeaveTimer(client, KEventFlags.Add | KEventFlags.OneShot));
        }
    }

    // One-shot: a client waits for one thing at a time. It receives only when what it is owed has been sent, so a
    // client that does not read holds up itself alone, and costs one line of memory.
    private void Wait(Client client, KEventFilter filter) => Submit(
        new KEvent(client.Descriptor, filter, KEventFlags.Add | KEventFlags.OneShot, userData: client.Id));

    private void Remove(Client client)
    {
        // The close of the descriptor takes its knotes along, but not the timer. It may be gone, or never have been.
        _clients.Remove(client.Id);
        _queue.TryKevent([LeaveTimer(client, KEventFlags.Delete)], [], timeoutNs: 0);
        client.Dispose();
        Console.WriteLine($"client #{client.Id} left: {client.LinesEchoed} lines");
    }

    private static KEvent LeaveTimer(Client client, KEventFlags flags) =>
        new(client.Id, KEventFilter.Timer, flags, data: Client.LeaveTimeoutMs, userData: client.Id);

    private void Submit(in KEvent change) => _queue.Kevent([change], [], timeoutNs: 0);
}
