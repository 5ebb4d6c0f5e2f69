using FileSwarm.Client;
using FileSwarm.Retrying;
using FileSwarm.Server;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>A client of the simulation, with the server's view of it.</summary>
internal sealed class SimulatedClient(SimulatedSwarm swarm, int window) : IClientEvents
{
    private SwarmClient? _client;

    public MemoryStore Store { get; } = new(swarm.Source.Bytes.Length);

    public Session Session { get; set; } = null!;

    public SimulatedTransport ToServer { get; set; } = null!;

    public int StoredCount { get; private set; }

    public bool HasAll { get; private set; }

    public bool IsGone { get; private set; }

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
        if (!IsGone)
        {
            _client?.OnTick();
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
        _client!.OnVerified();
    }
}
