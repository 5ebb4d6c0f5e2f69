using System.IO.Pipelines;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Pipes.Suites;
using Microsoft.AspNetCore.Hosting;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>The transport under test: pipes of its own, straight over the descriptor.</summary>
public sealed class KqueueSource : ConnectionSource
{
    private readonly Scheduling _scheduling;

    public KqueueSource(Scheduling scheduling)
    {
        _scheduling = scheduling;
        var differences = new Dictionary<string, string>
        {
        };
        if (scheduling == Scheduling.Inline)
        {
            differences.Add(
                nameof(ContinuationSuite.FlushAsync_ContinuationBlocksAfterwards_BytesStillReachThePeer),
                "The mode has no watch: its application promises not to block the loop.");
        }
        Differences = differences;
    }

    public override IReadOnlyDictionary<string, string> Differences { get; }

    // The loop may have fetched its events before the peer did anything, but not twice.
    public override async Task HearAsync(Duplex duplex)
    {
        await OnLoopAsync(duplex, () => 0);
        await OnLoopAsync(duplex, () => 0);
    }

    // On the loop, which then sends by itself, before it does anything else.
    public override async Task<Task<FlushResult>> FlushAsync(Duplex duplex, CancellationToken cancellationToken)
    {
        var flush = await OnLoopAsync(duplex, () => duplex.Output.FlushAsync(cancellationToken).AsTask());
        await OnLoopAsync(duplex, () => 0);
        return flush;
    }

    protected override void UseTransport(IWebHostBuilder host, DuplexOptions options) =>
        host.UseKqueueTransport(kqueue =>
        {
            kqueue.Scheduling = _scheduling;
            kqueue.LoopCount = 1;
            kqueue.MaxReadBufferSize = options.MaxReadBufferSize;
            kqueue.MaxWriteBufferSize = options.MaxWriteBufferSize;
        });

    private static Task<T> OnLoopAsync<T>(Duplex duplex, Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        ((Connection)((ConnectionDuplex)duplex).Connection).Loop.Post(_ => done.SetResult(action()), null);
        return done.Task.Soon();
    }
}
