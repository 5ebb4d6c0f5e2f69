using FileSwarm.Server;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>
/// A server and its clients without sockets, threads or time of their own: messages wait in a list and are delivered,
/// dropped or overtaken as a seeded random number says.
/// </summary>
internal sealed class SimulatedSwarm
{
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(30);

    private const int MessagesPerTick = 200;

    private readonly Random _random = new(1);
    private readonly double _lossPercent;
    private readonly List<Action> _inFlight = [];

    public SimulatedSwarm(
        int clients, int length = 100_000, int chunkBytes = 1000, double lossPercent = 0, int cacheBytes = 20_000)
    {
        _lossPercent = lossPercent;
        Source = new MemorySource(length, chunkBytes, clients);
        Server = new SwarmServer(Source, cacheBytes, SilenceMax, Clock, Log.Add) { Ended = () => HasEnded = true };
    }

    public ManualClock Clock { get; } = new();

    public MemorySource Source { get; }

    public SwarmServer Server { get; }

    public List<SimulatedClient> Clients { get; } = [];

    public List<string> Log { get; } = [];

    public bool HasEnded { get; private set; }

    /// <summary>Lets so many clients join.</summary>
    public SimulatedSwarm Join(int count, int window = 8)
    {
        for (var i = 0; i < count; i++)
        {
            var client = new SimulatedClient(this, window);
            var toClient = new SimulatedTransport((frame, isSafe) => Carry(() => client.OnMessage(frame), isSafe));
            client.ToServer = new SimulatedTransport((frame, _) => Carry(() => OnServer(client, frame), isSafe: false));
            client.Session = Server.Join(toClient)!;
            Clients.Add(client);
        }

        return this;
    }

    /// <summary>Runs until everybody has ended, or the condition holds.</summary>
    public SimulatedSwarm RunUntil(Func<bool>? condition = null)
    {
        for (var ticks = 0; !HasEnded; ticks++)
        {
            Assert.True(ticks < 100_000, "the swarm makes no progress");
            for (var i = 0; i < MessagesPerTick && _inFlight.Count > 0; i++)
            {
                Deliver();
                if (condition?.Invoke() == true)
                {
                    return this;
                }
            }

            Clock.Advance(TimeSpan.FromMilliseconds(10));
            Server.OnTick();
            Clients.ForEach(client => client.OnTick());
        }

        Assert.True(condition is null, "the swarm has ended before the condition held");
        return this;
    }

    /// <summary>Asserts that all who are still there have the file.</summary>
    public void AssertAllHaveTheFile() => Assert.All(Clients.Where(client => !client.IsGone), client =>
    {
        Assert.True(client.HasAll);
        Assert.Equal(Source.Bytes, client.Store.Bytes);
    });

    private void OnServer(SimulatedClient client, ReadOnlyMemory<byte> frame)
    {
        if (!client.IsGone)
        {
            Assert.Null(MessageCodec.ReadDatagram(frame.Span, int.MaxValue, out var header));
            Server.OnMessage(client.Session, header, frame);
        }
    }

    private void Carry(Action deliver, bool isSafe)
    {
        if (isSafe || _random.NextDouble() * 100 >= _lossPercent)
        {
            _inFlight.Add(deliver);
        }
    }

    // Where messages are lost they overtake each other as well.
    private void Deliver()
    {
        var index = _lossPercent > 0 ? _random.Next(Math.Min(4, _inFlight.Count)) : 0;
        var deliver = _inFlight[index];
        _inFlight.RemoveAt(index);
        deliver();
    }
}
