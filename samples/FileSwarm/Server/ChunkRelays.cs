using FileSwarm.Retrying;
using FileSwarm.Wire;

namespace FileSwarm.Server;

/// <summary>
/// The chunks that are being fetched from clients for other clients. However many want a chunk, it is asked for once;
/// a client that does not answer is asked again, or another one is, and in the end the file. Not for several threads.
/// </summary>
internal sealed class ChunkRelays(
    ChunkHolders holders, IReadOnlyList<Session> sessions, TimeProvider clock, ServerCounters counters)
{
    private const int AttemptsMax = 8;

    private readonly Dictionary<int, Relay> _relays = [];
    private readonly Retries<int> _retries = new(clock);

    /// <summary>Lets a client wait for a chunk, and asks a client that has it if nobody was asked yet.</summary>
    /// <returns>False when nobody has it.</returns>
    public bool TryWait(int index, Session session)
    {
        if (_relays.TryGetValue(index, out var relay))
        {
            if (!relay.Waiting.Contains(session))
            {
                relay.Waiting.Add(session);
            }

            return true;
        }

        relay = new Relay(index);
        relay.Waiting.Add(session);
        if (!TryAsk(relay))
        {
            return false;
        }

        counters.RelaysAsked++;
        _relays.Add(index, relay);
        _retries.Add(index);
        return true;
    }

    public bool Contains(int index) => _relays.ContainsKey(index);

    /// <summary>The chunk is here: takes those who wait for it.</summary>
    public IReadOnlyList<Session> Take(int index)
    {
        _retries.TryTake(index, out _);
        return _relays.Remove(index, out var relay) ? relay.Waiting : [];
    }

    /// <summary>A client turns out not to have a chunk.</summary>
    /// <returns>False when nobody else has it: take it from the file.</returns>
    public bool OnNotHeld(int index, int client)
    {
        holders.Remove(index, client);
        return !_relays.TryGetValue(index, out var relay) || relay.Asked != client || TryAskAgain(relay);
    }

    /// <summary>A client has left. Returns the chunks that nobody else has: take them from the file.</summary>
    public List<int> OnLeft(Session session)
    {
        holders.RemoveClient(session.Number);
        foreach (var relay in _relays.Values)
        {
            relay.Waiting.Remove(session);
        }

        var asked = _relays.Values.Where(relay => relay.Asked == session.Number).ToList();
        return [.. asked.Where(relay => !TryAskAgain(relay)).Select(relay => relay.Index)];
    }

    /// <summary>Asks again what was not answered. Returns the chunks that were asked for too often.</summary>
    public List<int> OnTick()
    {
        var givenUp = new List<int>();
        while (_retries.TryNextDue(out var index, out var attempts))
        {
            if (attempts > AttemptsMax || !TryAskAgain(_relays[index]))
            {
                givenUp.Add(index);
                _retries.Remove(index);
            }
        }

        return givenUp;
    }

    private bool TryAskAgain(Relay relay)
    {
        counters.RelaysAskedAgain++;
        return TryAsk(relay);
    }

    private bool TryAsk(Relay relay)
    {
        var client = holders.Next(relay.Index, avoid: relay.Asked);
        if (client < 0)
        {
            return false;
        }

        relay.Asked = client;
        sessions[client].Transport.Send(
            MessageCodec.Frame(new MessageHeader(MessageKind.Request, relay.Index, Argument: -1)));
        return true;
    }
}
