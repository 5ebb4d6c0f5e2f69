using FileSwarm.Client;
using FileSwarm.Retrying;
using FileSwarm.Server;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>A client of the simulation, with the server's view of it.</summary>
internal sealed class SimulatedClient(SimulatedSwarm swarm, int window) : IClientEvents
{
    private SwarmClient? _client;
    private bool _isVerified;
    private long _hasAllSince;

    public MemoryStore Store { get; } = new(swarm.Source.Bytes.Length);

    public Session Session { get; set; } = null!;

    public SimulatedTransport ToServer { get; set; } = null!;

    public int StoredCount { get; private set; }

    public bool HasAll { get; private set; }

    public bool IsGone { get; private set; }

    /// <summary>How long it takes to check its copy.</summary>
    public TimeSpan VerifiesIn { get; set; }

    public void OnMessage(ReadOnlyMemory<byte> frame)
    {
        if (IsGone)
        {
            return;
        }

        Assert.Null(MessageCodec.ReadDatagram(frame.Span, int.MaxValue, out var header));
        if (header.Kind == MessageKind.Welcome)
        {
            _client = new SwarmClient(
                SwarmInfo.Decode(MessageCodec.PayloadOf(frame))!, header.Index, ToServer, Store, this, window,
                SimulatedSwarm.SilenceMax, swarm.Clock);
            _client.Start();
        }
        else
        {
            _client!.OnMessage(header, frame);
        }
    }

    public void OnTick()
    {
        if (IsGone)
        {
            return;
        }

        _client?.OnTick();
        if (HasAll && !_isVerified && swarm.Clock.GetElapsedTime(_hasAllSince) >= VerifiesIn)
        {
            _isVerified = true;
            _client!.OnVerified();
        }
    }

    /// <summary>Vanishes, as a process that is killed.</summary>
    public void Vanish()
    {
        IsGone = true;
        swarm.Server.OnLeft(Session, "has vanished");
    }

    public void OnStored(int chunk, int bytes, Answered answered) => StoredCount++;

    public void OnAllStored()
    {
        Assert.False(HasAll);
        HasAll = true;
        _hasAllSince = swarm.Clock.GetTimestamp();
    }
}
