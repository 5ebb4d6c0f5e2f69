using FileSwarm;
using FileSwarm.Server;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>What server and clients do together, in a simulation.</summary>
public sealed class SwarmTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(150)] // More than there are chunks.
    public void Swarm_AnyNumberOfClients_AllHaveTheFile(int clients)
    {
        var swarm = new SimulatedSwarm(clients).Join(clients).RunUntil();

        swarm.AssertAllHaveTheFile();
        Assert.Equal(clients, swarm.Server.DoneCount);
        Assert.Empty(swarm.Log);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(40)]
    public void Swarm_MessagesAreLostAndOvertake_AllHaveTheFile(double lossPercent)
    {
        var swarm = new SimulatedSwarm(clients: 6, lossPercent: lossPercent).Join(6).RunUntil();

        swarm.AssertAllHaveTheFile();
        Assert.Equal(6, swarm.Server.DoneCount);
    }

    [Fact]
    public void Chunks_NothingIsLost_LeaveTheFileOnceAndAreRelayedFromThere()
    {
        var swarm = new SimulatedSwarm(clients: 10).Join(10).RunUntil();

        var counters = swarm.Server.Counters;
        Assert.Equal(swarm.Source.ChunkCount, counters.FromFile);
        Assert.Equal(9 * swarm.Source.ChunkCount, counters.FromCache + counters.FromRelays);
        Assert.Equal(0, counters.RelaysAskedAgain);
    }

    [Fact]
    public void Chunks_NoCache_AreAllRelayed()
    {
        var swarm = new SimulatedSwarm(clients: 5, cacheBytes: 0).Join(5).RunUntil();

        swarm.AssertAllHaveTheFile();
        Assert.Equal(0, swarm.Server.Counters.FromCache);
        Assert.Equal(4 * swarm.Source.ChunkCount, swarm.Server.Counters.FromRelays);
    }

    [Fact]
    public void Shares_UntilAllHaveTheirs_AreAllThatIsAskedFor()
    {
        var swarm = new SimulatedSwarm(clients: 4).Join(3);
        swarm.RunUntil(() => swarm.Clients.All(client => client.Session.State == SessionState.Ready));

        Assert.All(swarm.Clients, client => Assert.Equal(25, client.StoredCount));

        swarm.Join(1).RunUntil().AssertAllHaveTheFile();
    }

    [Theory]
    [InlineData(0, 0)] // At once.
    [InlineData(10, 0)] // With half of its share.
    [InlineData(30, 5)] // In the middle, with messages lost.
    [InlineData(99, 5)]
    public void Client_Vanishes_TheOthersStillHaveTheFile(int chunksBefore, double lossPercent)
    {
        var swarm = new SimulatedSwarm(clients: 5, lossPercent: lossPercent, cacheBytes: 3000).Join(5);
        var leaver = swarm.Clients[2];
        swarm.RunUntil(() => leaver.StoredCount >= chunksBefore);

        leaver.Vanish();
        swarm.RunUntil();

        swarm.AssertAllHaveTheFile();
        Assert.Equal(4, swarm.Server.DoneCount);
        Assert.Contains("client #3 has vanished", Assert.Single(swarm.Log), StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_AllButOneVanish_ItStillHasTheFile()
    {
        var swarm = new SimulatedSwarm(clients: 5, cacheBytes: 0).Join(5);
        swarm.RunUntil(() => swarm.Clients[0].StoredCount >= 40);

        swarm.Clients.Skip(1).ToList().ForEach(client => client.Vanish());

        swarm.RunUntil().AssertAllHaveTheFile();
    }

    [Fact]
    public void Client_SendsDamagedChunks_TheOthersStillHaveTheFile()
    {
        var swarm = new SimulatedSwarm(clients: 5).Join(5);
        swarm.Clients[1].Store.IsDamaged = true;

        swarm.RunUntil().AssertAllHaveTheFile();

        Assert.Contains(
            swarm.Log, line => line.StartsWith("client #2 has sent a damaged chunk", StringComparison.Ordinal));
    }

    [Fact]
    public void Client_SaysThatItHasWhatItHasNot_TheOthersStillHaveTheFile()
    {
        var swarm = new SimulatedSwarm(clients: 5, cacheBytes: 0).Join(5);
        swarm.RunUntil(() => swarm.Clients.All(client => client.Session.State == SessionState.Ready));
        for (var chunk = 0; chunk < swarm.Source.ChunkCount; chunk++)
        {
            Tell(swarm, swarm.Clients[4], new MessageHeader(MessageKind.Request, 4, Argument: chunk));
        }

        swarm.RunUntil().AssertAllHaveTheFile();
    }

    [Fact]
    public void Client_Silent_IsDroppedAndTheOthersGoOn()
    {
        var swarm = new SimulatedSwarm(clients: 3).Join(2);
        var silent = new SimulatedTransport((_, _) => { });
        Assert.NotNull(swarm.Server.Join(silent));

        swarm.RunUntil().AssertAllHaveTheFile();

        Assert.True(silent.IsDisposed);
        Assert.Contains("client #3 has been silent for 30 s", Assert.Single(swarm.Log), StringComparison.Ordinal);
    }

    [Fact]
    public void Client_TakesLongToVerify_IsNotGivenUp()
    {
        var swarm = new SimulatedSwarm(clients: 3).Join(3);
        swarm.Clients[1].VerifiesIn = 4 * SimulatedSwarm.SilenceMax;

        swarm.RunUntil().AssertAllHaveTheFile();

        Assert.Equal(3, swarm.Server.DoneCount);
        Assert.Empty(swarm.Log);
    }

    [Fact]
    public void Join_MoreThanAreWaitedFor_IsRefused()
    {
        var swarm = new SimulatedSwarm(clients: 2).Join(2);

        Assert.Null(swarm.Server.Join(new SimulatedTransport((_, _) => { })));

        swarm.RunUntil().AssertAllHaveTheFile();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Request_IndexOutOfRange_IsRefusedAndTheSessionGoesOn(int index)
    {
        var swarm = new SimulatedSwarm(clients: 2).Join(2);
        var odd = swarm.Clients[0];

        Tell(swarm, odd, new MessageHeader(MessageKind.Request, index, index));

        var toClient = (SimulatedTransport)odd.Session.Transport;
        Assert.Contains(
            new MessageHeader(MessageKind.Refusal, index, (int)RefusalReason.OutOfRange), toClient.Sent);
        Assert.Equal($"client #1 asks for chunk {index}; there are 100.", Assert.Single(swarm.Log));
        var error = Assert.Throws<SwarmException>(() => swarm.RunUntil());
        Assert.Contains($"refuses chunk {index}: OutOfRange", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Request_OfAClientThatDoesNotRead_IsNotAnswered()
    {
        var swarm = new SimulatedSwarm(clients: 1).Join(1);
        var toClient = (SimulatedTransport)swarm.Clients[0].Session.Transport;
        toClient.IsCongested = true;

        Tell(swarm, swarm.Clients[0], new MessageHeader(MessageKind.Request, 5, -1));
        Assert.DoesNotContain(toClient.Sent, header => header.Kind == MessageKind.Chunk);
        toClient.IsCongested = false;

        swarm.RunUntil().AssertAllHaveTheFile();
    }

    [Fact]
    public void Server_Silent_IsGivenUp()
    {
        var swarm = new SimulatedSwarm(clients: 1, lossPercent: 100).Join(1);

        var error = Assert.Throws<SwarmException>(() => swarm.RunUntil());

        Assert.Equal("the server has not answered for 30 s.", error.Message);
    }

    [Fact]
    public void Chunk_OfTheWrongLength_IsAnError()
    {
        var swarm = new SimulatedSwarm(clients: 1).Join(1);
        swarm.RunUntil(() => swarm.Clients[0].StoredCount == 1);

        var error = Assert.Throws<SwarmException>(() => swarm.Clients[0].OnMessage(
            MessageCodec.Frame(new MessageHeader(MessageKind.Chunk, 50), new byte[999])));

        Assert.Equal("the server has sent 999 bytes as chunk 50, which cannot be.", error.Message);
    }

    [Fact]
    public void Messages_AnyThatAreValid_DoNotDisturbTheOthers()
    {
        var random = new Random(1);
        var swarm = new SimulatedSwarm(clients: 3).Join(2);
        var session = swarm.Server.Join(new SimulatedTransport((_, _) => { }))!;
        for (var i = 0; i < 20_000; i++)
        {
            var header = new MessageHeader(
                (MessageKind)random.Next(1, 9), random.Next(-10, 120), random.Next(-10, 120));
            if (header.Kind is not (MessageKind.Ready or MessageKind.Done))
            {
                swarm.Server.OnMessage(session, header, MessageCodec.Frame(header, new byte[random.Next(5)]));
            }
        }

        swarm.RunUntil().AssertAllHaveTheFile();
    }

    private static void Tell(SimulatedSwarm swarm, SimulatedClient client, MessageHeader header) =>
        swarm.Server.OnMessage(client.Session, header, MessageCodec.Frame(header));
}
