using FileSwarm.Server;

namespace Samples.Tests.Swarm;

public sealed class ChunkHoldersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200)]
    public void Next_SeveralHold_TakesEachInTurn(int clients)
    {
        var holders = new ChunkHolders(chunkCount: 3, clients);
        var holding = Enumerable.Range(0, clients).Where(client => client % 3 == 0).ToArray();
        Array.ForEach(holding, client => holders.Add(chunk: 1, client));

        var round = holding.Select(_ => holders.Next(chunk: 1, avoid: -1)).ToArray();

        Assert.Equal(holding, round.Order());
        Assert.Equal(-1, holders.Next(chunk: 0, avoid: -1));
        Assert.Equal(-1, holders.Next(chunk: 2, avoid: -1));
    }

    [Fact]
    public void Next_TheOneToAvoid_IsTakenWhenItIsTheOnlyOne()
    {
        var holders = new ChunkHolders(chunkCount: 1, clientCount: 100);
        holders.Add(0, 70);
        Assert.Equal(70, holders.Next(0, avoid: 70));

        holders.Add(0, 71);
        Assert.Equal([71, 71], [holders.Next(0, avoid: 70), holders.Next(0, avoid: 70)]);
    }

    [Fact]
    public void Remove_AClient_TakesItFromEveryChunk()
    {
        var holders = new ChunkHolders(chunkCount: 10, clientCount: 100);
        for (var chunk = 0; chunk < 10; chunk++)
        {
            holders.Add(chunk, 3);
            holders.Add(chunk, 99);
        }

        holders.RemoveClient(99);
        holders.Remove(5, 3);

        Assert.Equal(3, holders.Next(4, avoid: -1));
        Assert.Equal(-1, holders.Next(5, avoid: -1));
        Assert.False(holders.Has(9, 99));
    }
}
