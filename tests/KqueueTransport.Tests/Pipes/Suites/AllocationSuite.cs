using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>What a warm round trip allocates.</summary>
public abstract class AllocationSuite(DuplexSource source) : DuplexSuite(source)
{
    private const int Rounds = 1000;

    // The smallest object on a 64-bit runtime: an average below it means that not every round trip allocates one.
    private const int SmallestObjectBytes = 24;

    // Blocks that are kept for reuse, as Kestrel's own pool keeps them.
    protected override DuplexOptions Options { get; } = new() { MemoryPoolFactory = new KeepingMemoryPoolFactory() };

    private readonly byte[] _request = Payload.Create(100);
    private readonly byte[] _response = new byte[200];

    [Fact]
    public async Task RoundTrip_Warm_AllocatesNothing()
    {
        await RunAsync(Rounds).Soon();
        var limit = Math.Max(SmallestObjectBytes, Source.AllocatedBytesPerRoundTripMax);

        var best = double.MaxValue;
        for (var attempt = 0; attempt < 5 && best >= limit; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await RunAsync(Rounds).Soon();
            best = Math.Min(best, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Rounds);
        }

        Assert.True(best < limit, $"{best:F1} bytes were allocated per round trip; the limit is {limit}");
    }

    private async Task RunAsync(int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            var pending = Reader.ReadAsync();
            await Peer.SendAsync(_request).ConfigureAwait(false);
            var read = await pending.ConfigureAwait(false);
            Reader.AdvanceTo(read.Buffer.End);
            _response.CopyTo(Writer.GetSpan(_response.Length));
            Writer.Advance(_response.Length);
            await Writer.FlushAsync().ConfigureAwait(false);
            for (var received = 0; received < _response.Length;)
            {
                received += await Peer.ReceiveAsync(_response.AsMemory(received)).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>Allocations are counted for the process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AllocationCollection
{
    public const string Name = "allocations";
}
