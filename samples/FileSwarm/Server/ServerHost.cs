using System.Net;
using System.Net.Sockets;
using FileSwarm.Net;
using FileSwarm.Wire;
using Kqueue.EventLoops;
using Samples.Common;

namespace FileSwarm.Server;

/// <summary>
/// The server on its event loop: a listen socket, a UDP socket for all clients, and a timer. Unless a member says
/// otherwise it is for the loop thread only.
/// </summary>
internal sealed class ServerHost : IDisposable
{
    private const int BindAttemptsMax = 10;

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private readonly ServerOptions _options;
    private readonly Action<string> _log;
    private readonly SourceFile _source;
    private readonly EventLoop _loop;
    private readonly Listener _listener;
    private readonly DatagramSocket _datagrams;
    private readonly SwarmServer _server;
    private readonly HashSet<ServerPeer> _peers = [];
    private readonly Dictionary<SocketAddress, ServerPeer> _peersByAddress = [];
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Hashes the file and binds. From any thread.</summary>
    /// <exception cref="IOException">The file is missing or empty.</exception>
    /// <exception cref="SocketException">The address is taken, or not this machine's.</exception>
    public ServerHost(ServerOptions options, Action<string> log)
    {
        _options = options;
        _log = log;
        _source = SourceFile.Open(options.Path, options.ChunkBytes, options.ClientCount);
        _loop = new EventLoop(new EventLoopOptions
        {
            Name = "server",
            UnhandledException = e => _completion.TrySetException(e),
        });
        Loss = new DatagramLoss(options.LossPercent);
        (_listener, _datagrams) = Bind();
        _server = new SwarmServer(_source, options.CacheBytes, options.SilenceMax, TimeProvider.System, log)
        {
            Ended = End,
        };
    }

    /// <summary>Where it listens. From any thread.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.EndPoint;

    /// <summary>The file. From any thread.</summary>
    public SwarmInfo Info => _source.Info;

    /// <summary>Ends when every client has the file or has left. From any thread.</summary>
    public Task Completion => _completion.Task;

    /// <summary>To be read when it has ended.</summary>
    public ServerCounters Counters => _server.Counters;

    /// <summary>To be read when it has ended.</summary>
    public int DoneCount => _server.DoneCount;

    /// <summary>To be read when it has ended.</summary>
    public DatagramLoss Loss { get; }

    /// <summary>Runs on a thread of its own. From any thread.</summary>
    public void Start()
    {
        _listener.Start();
        _datagrams.Start();
        _loop.Start();
        ScheduleTick();
    }

    /// <summary>Stops the loop and lets everything go. From any thread but the loop's.</summary>
    public void Dispose()
    {
        _loop.Dispose();
        ClosePeers();
        _listener.Dispose();
        _datagrams.Dispose();
        _source.Dispose();
    }

    /// <summary>A peer has said hello.</summary>
    public void Join(ServerPeer peer, MessageHeader hello)
    {
        if (hello.Index != (int)_options.Protocol)
        {
            Refuse(peer, RefusalReason.WrongProtocol);
            return;
        }

        if (hello.Argument is <= 0 or > ushort.MaxValue)
        {
            peer.Drop($"has said hello with the port {hello.Argument}");
            return;
        }

        var address = new IPEndPoint(peer.Address, hello.Argument).Serialize();
        var transport = Transport.Create(_options.Protocol, peer.Stream, new DatagramLink(_datagrams, address));
        peer.Session = _server.Join(transport);
        if (peer.Session is null)
        {
            Refuse(peer, RefusalReason.Full);
            return;
        }

        _peersByAddress[address] = peer;
    }

    public void OnMessage(Session session, MessageHeader header, ReadOnlyMemory<byte> frame) =>
        _server.OnMessage(session, header, frame);

    public void OnLost(ServerPeer peer, string reason)
    {
        _peers.Remove(peer);
        if (peer.Session is { } session)
        {
            _server.OnLeft(session, reason);
        }
    }

    public void Log(string message) => _log(message);

    // A port that the system picked for TCP may be somebody's in UDP: then it picks another one.
    private (Listener Listener, DatagramSocket Datagrams) Bind()
    {
        for (var attempt = 1; ; attempt++)
        {
            var listener = new Listener(_loop, _options.EndPoint, OnConnected);
            try
            {
                return (listener, new DatagramSocket(_loop, (IPEndPoint)listener.EndPoint, Loss, OnDatagram));
            }
            catch (SocketException)
            {
                listener.Dispose();
                if (_options.EndPoint.Port != 0 || attempt == BindAttemptsMax)
                {
                    throw;
                }
            }
        }
    }

    private static void Refuse(ServerPeer peer, RefusalReason reason)
    {
        peer.Stream.Send(MessageCodec.Frame(new MessageHeader(MessageKind.Refusal, Argument: (int)reason)));
        peer.Drop($"is refused: {reason}");
    }

    private void OnConnected(Socket socket)
    {
        var peer = new ServerPeer(this, _loop, socket, _options.ChunkBytes);
        _peers.Add(peer);
        peer.Stream.Start();
    }

    private void OnDatagram(SocketAddress from, ReadOnlyMemory<byte> datagram)
    {
        if (!_peersByAddress.TryGetValue(from, out var peer))
        {
            return; // From nobody who has joined.
        }

        if (MessageCodec.ReadDatagram(datagram.Span, _options.ChunkBytes, out var header) is { } error)
        {
            peer.OnMalformedDatagram(error);
        }
        else
        {
            peer.OnMessage(header, datagram);
        }
    }

    private void ScheduleTick() => _loop.Schedule(s_tick, _ => OnTick(), null);

    private void OnTick()
    {
        _server.OnTick();
        ScheduleTick();
    }

    private void End()
    {
        _completion.TrySetResult();
        _loop.Post(_ => ClosePeers(), null); // Behind what is being dispatched, which may go on with a peer.
    }

    private void ClosePeers()
    {
        foreach (var peer in _peers)
        {
            peer.Stream.Dispose();
        }

        _peers.Clear();
    }
}
