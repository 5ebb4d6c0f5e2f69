using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>Reader and writer used at the same time.</summary>
public abstract class ConcurrencySuite(DuplexSource source) : DuplexSuite(source)
{
    private const int Length = 4 * 1024 * 1024;

    [Fact]
    public async Task BothDirections_AtOnceFromDifferentThreads_ArriveByteForByte()
    {
        var sending = Task.Run(() => Peer.SendAsync(Payload.Create(Length)).AsTask());
        var receiving = Task.Run(() => PeerTakesAsync(Length));
        var writing = Task.Run(() => WritePiecesAsync(Length));
        var reading = Task.Run(() => ConsumeAsync(Length));

        await Task.WhenAll(sending, receiving, writing, reading).Soon();
    }

    [Fact]
    public async Task RoundTrips_RequestAndResponse_NeverMixUp()
    {
        const int rounds = 500;
        var answering = Task.Run(async () =>
        {
            for (var i = 0; i < rounds; i++)
            {
                var read = await Reader.ReadAtLeastAsync(100);
                Payload.Check(read.Buffer, i * 100);
                Reader.AdvanceTo(read.Buffer.End);
                await Writer.WriteAsync(Payload.Create(200, i * 200));
            }
        });
        for (var i = 0; i < rounds; i++)
        {
            await Peer.SendAsync(Payload.Create(100, i * 100)).Soon();
            await PeerTakesAsync(200, i * 200);
        }
        await answering.Soon();
    }

    // The peer sends everything before it takes anything, as a pipelining one does.
    [Fact]
    public async Task RoundTrips_Pipelined_AnswersComeInOrder()
    {
        const int rounds = 2000;
        var answering = Task.Run(async () =>
        {
            for (var i = 0; i < rounds; i++)
            {
                var read = await Reader.ReadAtLeastAsync(10);
                Reader.AdvanceTo(read.Buffer.GetPosition(10));
                await Writer.WriteAsync(Payload.Create(20, i * 20));
            }
        });
        await Peer.SendAsync(Payload.Create(rounds * 10)).Soon();

        await PeerTakesAsync(rounds * 20);

        await answering.Soon();
    }

    private async Task WritePiecesAsync(int length)
    {
        for (var (offset, size) = (0, 1); offset < length; size = (size * 7) % 50_021)
        {
            var count = Math.Min(size, length - offset);
            Payload.Fill(Writer.GetSpan(count)[..count], offset);
            Writer.Advance(count);
            offset += count;
            await Writer.FlushAsync();
        }
    }
}
