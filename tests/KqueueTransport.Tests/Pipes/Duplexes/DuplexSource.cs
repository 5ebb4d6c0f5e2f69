using System.IO.Pipelines;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>One implementation of the reader and writer, and how it may differ from the others.</summary>
public abstract class DuplexSource
{
    /// <summary>Bytes that one read/write round trip may allocate once warm; below one object means none.</summary>
    public virtual int AllocatedBytesPerRoundTripMax => 0;

    /// <summary>Whether a read hears of a reset that a send meets first.</summary>
    public virtual bool TellsReadsWhatASendMeets => true;

    /// <summary>The tests that this implementation does not pass, each with what it does instead.</summary>
    public virtual IReadOnlyDictionary<string, string> Differences { get; } = new Dictionary<string, string>();

    public abstract ValueTask<Duplex> OpenAsync(DuplexOptions options);

    /// <summary>Gives the duplex time to hear of what its peer has just done.</summary>
    public virtual Task HearAsync(Duplex duplex) => Task.Delay(1);

    /// <summary>Flushes; what the kernel takes at once, it has then.</summary>
    public virtual Task<Task<FlushResult>> FlushAsync(Duplex duplex, CancellationToken cancellationToken) =>
        Task.FromResult(duplex.Output.FlushAsync(cancellationToken).AsTask());

    /// <summary>Skips the running test where this implementation differs.</summary>
    public void SkipIfDifferent()
    {
        if (Differences.TryGetValue(TestContext.Current.TestMethod!.MethodName, out var difference))
        {
            Assert.Skip(difference);
        }
    }
}
