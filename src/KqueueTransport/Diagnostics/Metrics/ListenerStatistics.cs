using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kqueue;
using KqueueTransport.Connections.Closing;

namespace KqueueTransport.Diagnostics.Metrics;

/// <summary>
/// What a listener has counted since it was bound. The acceptor and the listener's connections count, anybody reads.
/// </summary>
internal sealed class ListenerStatistics
{
    private readonly ConcurrentDictionary<Errno, long> _errors = new();

    // By ListenerLimit.
    private readonly long[] _refusals = new long[(int)ListenerLimit.Address + 1];
    private readonly long[] _waits = new long[(int)ListenerLimit.Address + 1];

    private Counts _counts;

    /// <summary>Connections that were accepted.</summary>
    public long Accepts => Volatile.Read(ref _counts.Accepts);

    /// <summary>Failures to accept, by their cause.</summary>
    public IEnumerable<KeyValuePair<Errno, long>> Errors => _errors;

    /// <summary>How often a connection stopped receiving because the application did not read.</summary>
    public long Pauses => Volatile.Read(ref _counts.Pauses);

    /// <summary>Connections that have ended, for one reason.</summary>
    public long EndsFor(ShutdownReason reason) => Volatile.Read(ref _counts.Ends[(int)reason]);

    /// <summary>Connections that were reset because of one limit.</summary>
    public long RefusalsFor(ListenerLimit limit) => Volatile.Read(ref _refusals[(int)limit]);

    /// <summary>How often one limit left connections in the kernel.</summary>
    public long WaitsFor(ListenerLimit limit) => Volatile.Read(ref _waits[(int)limit]);

    public void CountAccept() => Interlocked.Increment(ref _counts.Accepts);

    public void CountRefusal(ListenerLimit limit) => Interlocked.Increment(ref _refusals[(int)limit]);

    public void CountWait(ListenerLimit limit) => Interlocked.Increment(ref _waits[(int)limit]);

    public void CountError(Errno error) => _errors.AddOrUpdate(error, 1, static (_, count) => count + 1);

    public void CountPause() => Interlocked.Increment(ref _counts.Pauses);

    public void CountEnd(ShutdownReason reason) => Interlocked.Increment(ref _counts.Ends[(int)reason]);

    // By the reason of the end.
    [InlineArray((int)ShutdownReason.Failed + 1)]
    private struct Ends
    {
        private long _first;
    }

    // The acceptor writes one pair of cache lines, and the loops another. What lies around them, every request reads.
    [StructLayout(LayoutKind.Explicit, Size = 4 * 128)]
    private struct Counts
    {
        [FieldOffset(128)]
        public long Accepts;

        [FieldOffset(272)]
        public long Pauses;

        [FieldOffset(280)]
        public Ends Ends;
    }
}
