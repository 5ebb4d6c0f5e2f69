using FileSwarm.Net;
using FileSwarm.Plan;
using FileSwarm.Wire;

namespace FileSwarm.Server;

/// <summary>
/// What the server does, without any socket in it: it gives every client its share, waits until all have theirs, and
/// from then on answers each request from the cache or from another client. Loop thread only.
/// </summary>
internal sealed class SwarmServer
{
    private readonly IChunkSource _source;
    private readonly ChunkPlan _plan;
    private readonly ChunkCache _cache;
    private readonly ChunkHolders _holders;
    private readonly ChunkRelays _relays;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _silenceMax;
    private readonly Action<string> _log;
    private readonly List<Session> _sessions = [];
    private bool _hasStarted;

    public SwarmServer(
        IChunkSource source, long cacheBytes, TimeSpan silenceMax, TimeProvider clock, Action<string> log)
    {
        _source = source;
        _clock = clock;
        _silenceMax = silenceMax;
        _log = log;
        _plan = new ChunkPlan(source.Info.FileLength, source.Info.ChunkBytes);
        _cache = new ChunkCache(cacheBytes);
        _holders = new ChunkHolders(_plan.Count, source.Info.ClientCount);
        _relays = new ChunkRelays(_holders, _sessions, clock, Counters);
    }

    /// <summary>Called once, when every client has the file or has left.</summary>
    public Action? Ended { get; set; }

    public ServerCounters Counters { get; } = new();

    /// <summary>How many clients have the whole file.</summary>
    public int DoneCount { get; private set; }

    /// <summary>A client wants to take part. Null when all that are waited for are there already.</summary>
    public Session? Join(ITransport transport)
    {
        var info = _source.Info;
        if (_sessions.Count == info.ClientCount)
        {
            return null;
        }

        var session = new Session(_sessions.Count, transport, _clock.GetTimestamp()) { State = SessionState.Joined };
        _sessions.Add(session);
        transport.Send(MessageCodec.Frame(new MessageHeader(MessageKind.Welcome, session.Number), info.Encode()));
        return session;
    }

    /// <summary>A client has sent a message; the frame is valid during the call only.</summary>
    public void OnMessage(Session session, MessageHeader header, ReadOnlyMemory<byte> frame)
    {
        if (session.State == SessionState.Gone)
        {
            return;
        }

        session.LastHeard = _clock.GetTimestamp();
        switch (header.Kind)
        {
            case MessageKind.Ready:
                OnReady(session);
                break;
            case MessageKind.Request:
                OnRequest(session, header);
                break;
            case MessageKind.Chunk:
                OnChunk(session, header, frame);
                break;
            case MessageKind.Refusal:
                OnRefusal(session, header);
                break;
            case MessageKind.Done:
                OnDone(session);
                break;
            default:
                _log($"{session} has sent a {header.Kind} message, which makes no sense here.");
                break;
        }
    }

    /// <summary>A client's connection has ended. The others go on without it.</summary>
    public void OnLeft(Session session, string reason)
    {
        if (session.State == SessionState.Gone)
        {
            return;
        }

        if (session.State != SessionState.Done)
        {
            _log($"{session} {reason}; the others go on without it.");
        }

        session.State = SessionState.Gone;
        session.Transport.Dispose();
        _relays.OnLeft(session).ForEach(DeliverFromFile);
        StartIfAllAreReady();
        EndIfAllAreDone();
    }

    /// <summary>Time has passed.</summary>
    public void OnTick()
    {
        _relays.OnTick().ForEach(DeliverFromFile);
        foreach (var session in _sessions)
        {
            if (session.State != SessionState.Gone && _clock.GetElapsedTime(session.LastHeard) > _silenceMax)
            {
                OnLeft(session, $"has been silent for {_silenceMax.TotalSeconds:N0} s");
            }
        }
    }

    private bool IsComplete => _sessions.Count == _source.Info.ClientCount;

    private void OnReady(Session session)
    {
        if (_hasStarted)
        {
            SendStart(session); // The first one was lost.
        }

        if (session.State == SessionState.Joined)
        {
            session.State = SessionState.Ready;
            foreach (var index in _plan.ShareOf(session.Number, _source.Info.ClientCount))
            {
                _holders.Add(index, session.Number);
            }

            StartIfAllAreReady();
        }
    }

    private void StartIfAllAreReady()
    {
        if (_hasStarted || !IsComplete || _sessions.Any(session => session.State == SessionState.Joined))
        {
            return;
        }

        _hasStarted = true;
        foreach (var session in _sessions.Where(session => session.State == SessionState.Ready))
        {
            SendStart(session);
        }
    }

    private static void SendStart(Session session) =>
        session.Transport.Send(MessageCodec.Frame(new MessageHeader(MessageKind.Start)));

    private void OnRequest(Session session, MessageHeader header)
    {
        if (!_plan.Contains(header.Index))
        {
            _log($"{session} asks for chunk {header.Index}; there are {_plan.Count}.");
            session.Transport.Send(MessageCodec.Frame(
                new MessageHeader(MessageKind.Refusal, header.Index, (int)RefusalReason.OutOfRange)));
            return;
        }

        if (_plan.Contains(header.Argument))
        {
            _holders.Add(header.Argument, session.Number);
        }

        // Who asks faster than it reads has to ask again later: nothing is queued without a bound.
        if (!session.Transport.IsCongested)
        {
            Serve(session, header.Index);
        }
    }

    private void Serve(Session session, int index)
    {
        if (_cache.TryGet(index, out var frame))
        {
            Counters.FromCache++;
            session.Transport.Send(frame);
        }
        else if (!_relays.TryWait(index, session))
        {
            Counters.FromFile++;
            session.Transport.Send(_source.ReadFrame(index));
        }
    }

    private void OnChunk(Session session, MessageHeader header, ReadOnlyMemory<byte> frame)
    {
        if (!_relays.Contains(header.Index))
        {
            return; // Asked for twice, and answered twice.
        }

        if (!_source.IsChunk(header.Index, MessageCodec.PayloadOf(frame)))
        {
            _log($"{session} has sent a damaged chunk {header.Index}.");
            AskOthers(session, header.Index);
            return;
        }

        // Sent on as it came, header and all; a copy, because the link receives into the frame again.
        ReadOnlyMemory<byte> kept = frame.ToArray();
        _cache.Add(header.Index, kept);
        Counters.FromRelays += Deliver(header.Index, kept);
    }

    private void OnRefusal(Session session, MessageHeader header)
    {
        if (header.Argument == (int)RefusalReason.NotHeld && _plan.Contains(header.Index))
        {
            AskOthers(session, header.Index);
        }
    }

    private void AskOthers(Session session, int index)
    {
        if (!_relays.OnNotHeld(index, session.Number))
        {
            DeliverFromFile(index);
        }
    }

    private void DeliverFromFile(int index) => Counters.FromFile += Deliver(index, _source.ReadFrame(index));

    private int Deliver(int index, ReadOnlyMemory<byte> frame)
    {
        var waiting = _relays.Take(index);
        foreach (var session in waiting)
        {
            session.Transport.Send(frame);
        }

        return waiting.Count;
    }

    private void OnDone(Session session)
    {
        if (session.State == SessionState.Ready)
        {
            session.State = SessionState.Done;
            DoneCount++;
            EndIfAllAreDone();
        }
    }

    private void EndIfAllAreDone()
    {
        if (IsComplete && _sessions.All(session => session.State is SessionState.Done or SessionState.Gone))
        {
            Ended?.Invoke();
            Ended = null;
        }
    }
}
