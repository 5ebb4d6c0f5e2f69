using System.Net;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>
/// The memory of connections whose peers, or whose application, do not read: no more than the options allow.
/// </summary>
public sealed class BufferLimitTests : TransportSuite
{
    private const int Connections = 20;
    private const int LimitBytes = 64 * 1024;

    // What one more block, of those that the limit has begun, may add.
    private const int BlockBytesMax = 16 * 1024;

    private readonly CheckingMemoryPoolFactory _memory;

    public BufferLimitTests()
        : this(new CheckingMemoryPoolFactory())
    {
    }

    private BufferLimitTests(CheckingMemoryPoolFactory memory)
        : base(TestTransport.KqueueAdaptive.On(memory).With(options =>
        {
            options.MaxReadBufferSize = LimitBytes;
            options.MaxWriteBufferSize = LimitBytes;
            options.ReceiveBufferSize = LimitBytes;
            options.SendBufferSize = LimitBytes;
        })) => _memory = memory;

    [Fact]
    public async Task Output_PeersDoNotRead_HoldsNoMoreThanIsAllowed()
    {
        var endPoint = await HandleAsync(async context =>
        {
            while (!(await context.Transport.Output.WriteAsync(Pattern.OneMiB.AsMemory(0, 4096))).IsCompleted)
            {
            }
        });
        var peers = await ConnectManyAsync(endPoint);

        // A flush that has come to its limit goes on when half of that is sent.
        await Until.TrueAsync(() => _memory.RentedBytes > Connections * LimitBytes / 4, Deadline);
        await Until.StableAsync(() => _memory.RentedBytes, Deadline);

        AssertHeld();
        await AssertGivenBackAsync(peers);
    }

    [Fact]
    public async Task Input_TheApplicationDoesNotRead_HoldsNoMoreThanIsAllowed()
    {
        var (looked, isOver) = (0, new TaskCompletionSource());
        var endPoint = await HandleAsync(async context =>
        {
            // The first bytes are looked at and left there, and then nobody asks for more.
            var read = await context.Transport.Input.ReadAsync(Deadline);
            context.Transport.Input.AdvanceTo(read.Buffer.Start);
            Interlocked.Increment(ref looked);
            await isOver.Task;
        });
        var peers = await ConnectManyAsync(endPoint);
        await Task.WhenAll(peers.Select(peer => peer.SendUntilStalledAsync()));
        await Until.TrueAsync(() => Volatile.Read(ref looked) == Connections, Deadline);

        AssertHeld();

        isOver.SetResult();
        await AssertGivenBackAsync(peers);
    }

    private void AssertHeld() =>
        Assert.InRange(_memory.RentedBytes, 1, Connections * (LimitBytes + BlockBytesMax));

    private async Task AssertGivenBackAsync(RawConnection[] peers)
    {
        Array.ForEach(peers, peer => peer.SendReset());
        await Until.TrueAsync(() => _memory.RentedBytes == 0, Deadline);
    }

    private Task<RawConnection[]> ConnectManyAsync(EndPoint endPoint) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => ConnectAsync(endPoint)));
}
