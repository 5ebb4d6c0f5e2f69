using System.Buffers;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>Several causes end one connection at the same moment.</summary>
public sealed class ConcurrentEndTests
{
    private const int Rounds = 300;

    [Theory]
    [InlineData(Scheduling.Inline)]
    [InlineData(Scheduling.Adaptive)]
    [InlineData(Scheduling.ThreadPool)]
    public async Task AbortDisposeAndReset_AtOnce_CloseOnceAndReturnAllMemory(Scheduling mode)
    {
        await using var fixture = new ConnectionFixture(mode);
        for (var round = 0; round < Rounds; round++)
        {
            var (connection, peer) = fixture.Open();
            var fired = 0;
            connection.ConnectionClosed.Register(() => Interlocked.Increment(ref fired));
            var handler = EchoAsync(connection);
            await peer.SendAsync(new byte[100]).Soon();
            using var start = new Barrier(4);

            await Task.WhenAll(
                At(start, () => connection.Abort(round % 2 == 0 ? null! : new ConnectionAbortedException("Enough."))),
                At(start, () => connection.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(20))),
                At(start, peer.Reset),
                At(start, () => connection.Abort())).Soon();

            await connection.DisposeAsync().Soon();
            await handler.Soon();
            Assert.Equal(1, fired);
        }

        await fixture.AssertEndedCleanlyAsync();
    }

    private static Task At(Barrier start, Action action) => Task.Factory.StartNew(
        () =>
        {
            start.SignalAndWait();
            action();
        },
        TestContext.Current.CancellationToken,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    // Ends with an exception of one kind or another when its connection does.
    private static async Task EchoAsync(Connection connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync();
                foreach (var part in result.Buffer)
                {
                    output.Write(part.Span);
                }

                input.AdvanceTo(result.Buffer.End);
                if ((await output.FlushAsync()).IsCompleted || result.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or OperationCanceledException)
        {
        }
        catch (ArgumentOutOfRangeException)
        {
            // The disposal, which no server makes while its handler runs, has taken the buffer that was being read.
        }
    }
}
