using FileSwarm.Net;
using FileSwarm.Plan;
using FileSwarm.Retrying;
using FileSwarm.Wire;

namespace FileSwarm.Client;

/// <summary>
/// What a client does once it has been welcomed, without any socket in it: it fetches its share, waits for the others
/// to have theirs, fetches the rest, and serves what it has in between. Loop thread only.
/// </summary>
internal sealed class SwarmClient
{
    private static readonly TimeSpan s_signOfLifeEvery = TimeSpan.FromSeconds(5);

    private readonly ChunkPlan _plan;
    private readonly ITransport _transport;
    private readonly IChunkStore _store;
    private readonly IClientEvents _events;
    private readonly int _window;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _silenceMax;
    private readonly bool[] _held;
    private readonly Retries<int> _requests;

    // READY or DONE: what is said until the server answers it.
    private readonly Retries<MessageKind> _announcements;
    private readonly IEnumerator<int> _rest;
    private IEnumerator<int> _next;

    // Told to the server with the next request, so that it knows one more who can serve the chunk.
    private int _lastStored = -1;
    private int _heldCount;
    private long _lastHeard;
    private bool _isVerifying;
    private long _lastSignOfLife;

    public SwarmClient(
        SwarmInfo info,
        int number,
        ITransport transport,
        IChunkStore store,
        IClientEvents events,
        int window,
        TimeSpan silenceMax,
        TimeProvider clock)
    {
        _plan = new ChunkPlan(info.FileLength, info.ChunkBytes);
        _transport = transport;
        _store = store;
        _events = events;
        _window = window;
        _silenceMax = silenceMax;
        _clock = clock;
        _held = new bool[_plan.Count];
        _requests = new Retries<int>(clock);
        _announcements = new Retries<MessageKind>(clock);
        _next = _plan.ShareOf(number, info.ClientCount).GetEnumerator();
        _rest = _plan.RestOf(number, info.ClientCount).GetEnumerator();
        _lastHeard = clock.GetTimestamp();
    }

    /// <summary>Chunks that came although they were there already: answers to a request that was sent twice.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Begins with the share.</summary>
    public void Start() => Fetch();

    /// <exception cref="SwarmException">The server refuses, or sends what cannot be.</exception>
    /// <exception cref="IOException">The disk is full, for one.</exception>
    public void OnMessage(MessageHeader header, ReadOnlyMemory<byte> frame)
    {
        _lastHeard = _clock.GetTimestamp();
        switch (header.Kind)
        {
            case MessageKind.Chunk:
                OnChunk(header.Index, MessageCodec.PayloadOf(frame));
                break;
            case MessageKind.Start:
                OnStart();
                break;
            case MessageKind.Request:
                OnRequest(header.Index);
                break;
            case MessageKind.Refusal:
                throw new SwarmException($"the server refuses chunk {header.Index}: {(RefusalReason)header.Argument}.");
            default:
                throw new SwarmException($"the server has sent a {header.Kind} message, which makes no sense here.");
        }
    }

    /// <summary>Time has passed: asks again what was not answered.</summary>
    /// <exception cref="SwarmException">The server has not answered for too long.</exception>
    public void OnTick()
    {
        if (_requests.Count > 0 && _clock.GetElapsedTime(_lastHeard) > _silenceMax)
        {
            throw new SwarmException($"the server has not answered for {_silenceMax.TotalSeconds:N0} s.");
        }

        while (_requests.TryNextDue(out var index, out _))
        {
            Ask(index);
        }

        while (_announcements.TryNextDue(out var kind, out _))
        {
            Say(kind);
        }

        if (_isVerifying)
        {
            ShowSignOfLife();
        }
    }

    /// <summary>The copy is right.</summary>
    public void OnVerified()
    {
        _isVerifying = false;
        Announce(MessageKind.Done);
    }

    private void OnChunk(int index, ReadOnlySpan<byte> bytes)
    {
        if (!_plan.Contains(index) || bytes.Length != _plan.LengthOf(index))
        {
            throw new SwarmException($"the server has sent {bytes.Length} bytes as chunk {index}, which cannot be.");
        }

        if (!_requests.TryTake(index, out var answered))
        {
            Duplicates++;
            return;
        }

        _store.Write(_plan.OffsetOf(index), bytes);
        _held[index] = true;
        _heldCount++;
        _lastStored = index;
        _events.OnStored(index, bytes.Length, answered);
        Fetch();
    }

    private void OnStart()
    {
        if (_announcements.TryTake(MessageKind.Ready, out _))
        {
            _next = _rest;
            Fetch();
        }
    }

    private void OnRequest(int index)
    {
        if (!_plan.Contains(index) || !_held[index])
        {
            _transport.Send(MessageCodec.Frame(
                new MessageHeader(MessageKind.Refusal, index, (int)RefusalReason.NotHeld)));
            return;
        }

        var length = _plan.LengthOf(index);
        var frame = GC.AllocateUninitializedArray<byte>(MessageCodec.HeaderBytes + length);
        MessageCodec.WriteHeader(frame, new MessageHeader(MessageKind.Chunk, index, PayloadLength: length));
        _store.Read(_plan.OffsetOf(index), frame.AsSpan(MessageCodec.HeaderBytes));
        _transport.Send(frame);
    }

    /// <summary>Fills the window of open requests; when nothing is left to ask for, goes on to the next step.</summary>
    private void Fetch()
    {
        while (_requests.Count < _window && _next.MoveNext())
        {
            _requests.Add(_next.Current);
            Ask(_next.Current);
            _lastStored = -1;
        }

        if (_requests.Count > 0)
        {
            return;
        }

        if (_next != _rest)
        {
            Announce(MessageKind.Ready);
        }
        else if (_heldCount == _plan.Count)
        {
            _isVerifying = true;
            _events.OnAllStored();
        }
    }

    // A large file takes longer to verify than the server puts up with silence. READY, once more, does no harm.
    private void ShowSignOfLife()
    {
        if (_clock.GetElapsedTime(_lastSignOfLife) > s_signOfLifeEvery)
        {
            _lastSignOfLife = _clock.GetTimestamp();
            Say(MessageKind.Ready);
        }
    }

    private void Ask(int index) => _transport.Send(
        MessageCodec.Frame(new MessageHeader(MessageKind.Request, index, _lastStored)));

    private void Announce(MessageKind kind)
    {
        _announcements.Add(kind);
        Say(kind);
    }

    private void Say(MessageKind kind) => _transport.Send(MessageCodec.Frame(new MessageHeader(kind)));
}
