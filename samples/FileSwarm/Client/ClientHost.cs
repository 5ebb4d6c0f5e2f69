using System.Net;
using System.Net.Sockets;
using FileSwarm.Net;
using FileSwarm.Retrying;
using FileSwarm.Wire;

namespace FileSwarm.Client;

/// <summary>
/// One client with its sockets: it connects, says hello, and gives what comes after the welcome to a
/// <see cref="SwarmClient"/>. Loop thread only.
/// </summary>
internal sealed class ClientHost(ClientGroup group, int number) : ILinkOwner, IClientEvents, IDisposable
{
    private readonly SocketAddress _serverAddress = group.Options.Server.Serialize();
    private StreamLink? _stream;
    private DatagramSocket? _datagrams;
    private FileStore? _store;
    private SwarmInfo? _info;
    private SwarmClient? _client;
    private bool _isVerified;
    private bool _hasEnded;

    public void Start() => Guard(() =>
    {
        var server = group.Options.Server;
        var any = server.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        _datagrams = new DatagramSocket(group.Loop, new IPEndPoint(any, 0), group.Loss, OnDatagram);
        _stream = new StreamLink(group.Loop, Connect(server), this, SwarmLimits.ChunkBytesMax);
        _stream.Start();
        _datagrams.Start();

        // Sent when the connection is made.
        _stream.Send(MessageCodec.Frame(
            new MessageHeader(MessageKind.Hello, (int)group.Options.Protocol, _datagrams.Port)));
    });

    public void OnTick()
    {
        if (!_hasEnded && _client is { } client)
        {
            Guard(client.OnTick);
        }
    }

    public void OnMessage(MessageHeader header, ReadOnlyMemory<byte> frame)
    {
        if (_hasEnded)
        {
            return;
        }

        try
        {
            if (_client is not null)
            {
                _client.OnMessage(header, frame);
            }
            else
            {
                OnFirstMessage(header, frame);
            }
        }
        catch (Exception e) when (IsExpected(e))
        {
            End(e.Message);
        }
    }

    public void OnMalformedDatagram(string reason)
    {
        // As good as lost on the way: it will be asked for again.
    }

    public void OnLost(string reason) => End(_isVerified ? null : $"the server {reason}.");

    public void OnStored(int chunk, int bytes, Answered answered) => group.OnStored(number, chunk, bytes, answered);

    // Hashing takes a while, so it is done on the thread pool; the others of the loop go on meanwhile.
    public void OnAllStored() => _ = Task.Run(() =>
    {
        try
        {
            var isRight = _store!.Hash().AsSpan().SequenceEqual(_info!.Sha256.Span);
            group.Loop.Post(_ => OnHashed(isRight ? null : "the SHA-256 of its copy is not the file's."), null);
        }
        catch (Exception e) when (IsExpected(e) || e is ObjectDisposedException)
        {
            group.Loop.Post(_ => OnHashed(e.Message), null);
        }
    });

    public void Dispose()
    {
        _stream?.Dispose();
        _datagrams?.Dispose();
        _store?.Dispose();
    }

    private void OnHashed(string? failure)
    {
        if (failure is not null)
        {
            End(failure);
        }
        else if (!_hasEnded)
        {
            _isVerified = true;
            _client!.OnVerified();
        }
    }

    private void OnFirstMessage(MessageHeader header, ReadOnlyMemory<byte> frame)
    {
        if (header.Kind == MessageKind.Refusal)
        {
            throw new SwarmException((RefusalReason)header.Argument == RefusalReason.Full
                ? "the server has all the clients that it waits for."
                : "the server sends its chunks by the other protocol; start the clients with that --protocol.");
        }

        _info = header.Kind == MessageKind.Welcome ? SwarmInfo.Decode(MessageCodec.PayloadOf(frame)) : null;
        if (_info is null || header.Index < 0 || header.Index >= _info.ClientCount)
        {
            throw new SwarmException("whoever answers there is no FileSwarm server.");
        }

        _store = FileStore.Create(
            Path.Combine(group.Options.Folder, $"copy-{number:D4}"), _info.FileLength, group.Options.Keep);
        group.OnWelcome(_info.FileLength);
        var transport = Transport.Create(
            group.Options.Protocol, _stream!, new DatagramLink(_datagrams!, _serverAddress));
        _client = new SwarmClient(
            _info, header.Index, transport, _store, this, group.Options.Window, group.Options.SilenceMax,
            TimeProvider.System);
        _client.Start();
    }

    private void OnDatagram(SocketAddress from, ReadOnlyMemory<byte> datagram)
    {
        if (!from.Equals(_serverAddress))
        {
            return; // From somebody else.
        }

        if (MessageCodec.ReadDatagram(datagram.Span, SwarmLimits.ChunkBytesMax, out var header) is { } error)
        {
            OnMalformedDatagram(error);
        }
        else if (_client is not null)
        {
            OnMessage(header, datagram);
        }
    }

    private static Socket Connect(IPEndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            Blocking = false,
            NoDelay = true,
        };
        try
        {
            socket.Connect(server);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // On its way. A WRITE event tells when it is there.
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return socket;
    }

    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (IsExpected(e))
        {
            End(e.Message);
        }
    }

    // A full disk, no descriptors, a server that talks nonsense: it ends this client, and no other.
    private static bool IsExpected(Exception e) => e is IOException or SocketException or UnauthorizedAccessException;

    private void End(string? failure)
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            Dispose();
            group.OnEnded(number, failure);
        }
    }
}
