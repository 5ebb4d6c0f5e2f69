using KqueueTransport.Tests.Pipes.Properties;
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
            [nameof(AdvanceToSuite.AdvanceTo_PositionOfSomethingElse_Throws)] =
                "The reader takes a position that is not its own for none.",
            [nameof(AdvanceToSuite.AdvanceTo_AfterATryThatFoundNothing_DoesNothing)] =
                "The reader takes it for a missing read.",
            [nameof(ReadCancellationSuite.ReadAsync_TokenAlreadyCancelledAndReaderCompleted_ReportsCompletionFirst)] =
                "The reader looks at the token first.",
            [nameof(FlushSuite.WriteAsync_TokenAlreadyCancelled_WritesNothing)] =
                "The writer keeps the bytes for the next flush.",
            [nameof(ScriptSuite.AnyScript_OnPipeAndUnderTest_ShowsTheSame)] =
                "Scripts meet the other differences.",
            [nameof(KqueueThreadPoolOffLoopTests.FlushAsync_CancelledWhileTheLoopSends_ContinuesOnTheThreadPool)] =
                "The loop may take the continuation for the send that it was asked for.",
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
