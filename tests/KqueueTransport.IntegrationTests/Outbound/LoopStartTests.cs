using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Outbound;

/// <summary>Event loops that are to start, and a system that has no thread for one of them.</summary>
[Collection<Alone>]
public sealed class LoopStartTests
{
    // Goal: what has started ends again, and the next call starts all of it. Method: strace refuses the thread that
    // starts the loops all threads from the second on.
    [Fact]
    public async Task Connect_OneLoopGetsNoThread_LeavesNothingAndTheNextCallTriesAgain()
    {
        Assert.SkipUnless(KqueueThreads.CanBeSeen, "Threads and descriptors are counted in Linux's /proc.");
        var strace = Tool.Require("strace", "strace");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(1));
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using (var first = NewFactory())
        {
            // What the runtime makes for the first connection of a process is there then.
            await using var connection = await first.ConnectAsync(listener.LocalEndPoint!, deadline.Token);
        }

        await Until.TrueAsync(() => KqueueThreads.CountLoopThreads() == 0, deadline.Token);
        var queues = OpenDescriptors.CountOfQueues();
        using var factory = NewFactory();

        var error = await OwnThread.RunAsync(() => Record.Exception(() =>
        {
            using var refusing = Refuse(strace, from: 2, deadline.Token);
            return factory.ConnectAsync(listener.LocalEndPoint!, deadline.Token).AsTask().GetAwaiter().GetResult();
        }));

        Assert.IsType<InvalidOperationException>(error);
        Assert.Contains("no thread for an event loop", error.Message, StringComparison.Ordinal);
        await Until.TrueAsync(() => KqueueThreads.CountLoopThreads() == 0, deadline.Token);
        Assert.Equal(queues, OpenDescriptors.CountOfQueues());
        await using var second = await factory.ConnectAsync(listener.LocalEndPoint!, deadline.Token);
        Assert.Equal(3, KqueueThreads.CountLoopThreads());
    }

    private static KqueueConnectionFactory NewFactory() => new(new KqueueTransportOptions { LoopCount = 3 });

    /// <summary>Refuses the calling thread other threads, from one on, until it is disposed.</summary>
    private static Refusal Refuse(Tool strace, int from, CancellationToken deadline)
    {
        var id = Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!);
        var program = RunningProgram.Start(
            strace.Path,
            [
                "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3", "-e",
                $"inject=clone,clone3:error=EAGAIN:when={from}+", "-p", id,
            ]);
        while (File.ReadAllText($"/proc/self/task/{id}/status").Contains("TracerPid:\t0\n", StringComparison.Ordinal))
        {
            deadline.ThrowIfCancellationRequested();
            Thread.Sleep(10);
        }

        return new Refusal(program, deadline);
    }

    private sealed class Refusal(RunningProgram strace, CancellationToken deadline) : IDisposable
    {
        public void Dispose()
        {
            strace.Signal(PosixSignal.SIGINT);
            strace.WaitForEndAsync(deadline).GetAwaiter().GetResult();
            strace.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
