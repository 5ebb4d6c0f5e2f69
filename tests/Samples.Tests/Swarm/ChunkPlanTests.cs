using FileSwarm.Plan;
using FsCheck;
using FsCheck.Fluent;

namespace Samples.Tests.Swarm;

public sealed class ChunkPlanTests
{
    [Fact]
    public void Chunks_OfAnyFile_CoverItWithoutGapOrOverlap() => Prop.ForAll<PositiveInt, PositiveInt>(
        (length, chunkBytes) =>
        {
            var plan = new ChunkPlan(length.Get, chunkBytes.Get);
            var end = 0L;
            for (var index = 0; index < plan.Count; index++)
            {
                Assert.Equal(end, plan.OffsetOf(index));
                Assert.InRange(plan.LengthOf(index), 1, chunkBytes.Get);
                end += plan.LengthOf(index);
            }

            Assert.Equal(length.Get, end);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Shares_OfAnyNumberOfClients_AreEvenAndDisjoint() => Prop.ForAll<PositiveInt, PositiveInt>(
        (chunks, clients) =>
        {
            var plan = new ChunkPlan(chunks.Get, chunkBytes: 1);
            var shares = Enumerable.Range(0, clients.Get)
                .Select(client => plan.ShareOf(client, clients.Get).ToArray()).ToArray();

            Assert.Equal(Enumerable.Range(0, chunks.Get), shares.SelectMany(share => share).Order());
            Assert.InRange(shares.Max(share => share.Length) - shares.Min(share => share.Length), 0, 1);
            Assert.All(shares.Select((share, client) => (share, client)), pair => Assert.Equal(
                Enumerable.Range(0, chunks.Get).Except(pair.share), plan.RestOf(pair.client, clients.Get)));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(9, true)]
    [InlineData(10, false)]
    [InlineData(int.MaxValue, false)]
    [InlineData(int.MinValue, false)]
    public void Contains_AnyIndex_IsTrueForChunksOnly(int index, bool expected) =>
        Assert.Equal(expected, new ChunkPlan(95, 10).Contains(index));
}
