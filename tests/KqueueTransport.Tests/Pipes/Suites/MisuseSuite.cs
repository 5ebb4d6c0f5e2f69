using System.IO.Pipelines;
using System.Net.Sockets;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>
/// Two tasks that use one end at the same time, as brokers and chats do by mistake: each gets an exception that it can
/// catch, and nobody else does. They await as async methods do, which hand what <c>OnCompleted</c> throws to the thread
/// pool, where it would end the process.
/// </summary>
public abstract class MisuseSuite(DuplexSource source) : DuplexSuite(source)
{
    private readonly int _unhandledBefore = UnhandledExceptions.All.Count;

    [Fact]
    public async Task FlushAsync_TwoAwaitOne_BothThrow()
    {
        var (flush, _) = await LeaveAFlushPendingAsync();

        var errors = await Task.WhenAll(CaughtAsync(() => AwaitAsync(flush)), CaughtAsync(() => AwaitAsync(flush)))
            .Soon();

        Assert.All(errors, error => Assert.IsAssignableFrom<InvalidOperationException>(error));
        AssertNothingUnhandled();
    }

    [Fact]
    public async Task ReadAsync_TwoAwaitOne_BothThrow()
    {
        var read = Reader.ReadAsync();

        var errors = await Task.WhenAll(CaughtAsync(() => AwaitAsync(read)), CaughtAsync(() => AwaitAsync(read)))
            .Soon();

        Assert.All(errors, error => Assert.IsAssignableFrom<InvalidOperationException>(error));
        AssertNothingUnhandled();
    }

    [Fact]
    public async Task WriteAsync_TwoTasksAndThePeerTakesNothing_BothThrow()
    {
        await LeaveAFlushPendingAsync();

        var errors = await Task.WhenAll(CaughtAsync(WriteForeverAsync), CaughtAsync(WriteForeverAsync)).Soon();

        Assert.All(errors, error => Assert.IsAssignableFrom<InvalidOperationException>(error));
        AssertNothingUnhandled();
    }

    // Whichever call it is that finds out, one of the two hears of it, and the other at the latest when the peer ends.
    [Fact]
    public async Task ReadAsync_TwoTasksReadWhatComes_OneThrowsAndNoneHangs()
    {
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    await Peer.SendAsync(new byte[100]).ConfigureAwait(false);
                    await Task.Yield();
                }
            }
            catch (Exception error) when (error is IOException or InvalidOperationException or SocketException)
            {
            }
        });

        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() => CaughtAsync(ReadForeverAsync))).ToList();

        var first = await (await Task.WhenAny(readers).Soon());
        Assert.True(first is InvalidOperationException or ArgumentOutOfRangeException, $"{first}");

        await stop.CancelAsync();
        await sending.Soon();
        Peer.Reset();
        await Task.WhenAll(readers).Soon();
        AssertNothingUnhandled();
    }

    private void AssertNothingUnhandled() => Assert.Empty(UnhandledExceptions.All.Skip(_unhandledBefore));

    private static async Task AwaitAsync<T>(ValueTask<T> operation) => await operation.ConfigureAwait(false);

    private async Task WriteForeverAsync()
    {
        var deadline = new Waiting.Deadline();
        while (!(await Writer.WriteAsync(new byte[16 * 1024]).ConfigureAwait(false)).IsCompleted)
        {
            deadline.Check("two tasks write");
        }

        throw new InvalidOperationException("Completed: the other task's error has ended it.");
    }

    private async Task ReadForeverAsync()
    {
        var deadline = new Waiting.Deadline();
        while (true)
        {
            deadline.Check("two tasks read");
            var read = await Reader.ReadAsync().ConfigureAwait(false);
            Reader.AdvanceTo(read.Buffer.End);
        }
    }

    private static async Task<Exception?> CaughtAsync(Func<Task> body)
    {
        try
        {
            await body().ConfigureAwait(false);
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }
}
