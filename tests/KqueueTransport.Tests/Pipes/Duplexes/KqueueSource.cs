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

    protected override void UseTransport(IWebHostBuilder host, DuplexOptions options) =>
        host.UseKqueueTransport(kqueue =>
        {
            kqueue.Scheduling = _scheduling;
            kqueue.LoopCount = 1;
            kqueue.MaxReadBufferSize = options.MaxReadBufferSize;
            kqueue.MaxWriteBufferSize = options.MaxWriteBufferSize;
        });
}
