using System.Collections.Concurrent;
using Kqueue;
using KqueueTransport.Connections;

namespace KqueueTransport.Diagnostics;

/// <summary>
/// What a listener has counted since it was bound. The acceptor and the listener's connections count, anybody reads.
/// </summary>
internal sealed class ListenerStatistics
{
    private readonly ConcurrentDictionary<Errno, long> _errors = new();

    // By ShutdownReason.
    private readonly long[] _ends = new long[Enum.GetValues<ShutdownReason>().Length];

    // By ListenerLimit.
    private readonly long[] _refusals = new long[ListenerLimits.All.Count];
    private readonly long[] _waits = new long[ListenerLimits.All.Count];

    private long _accepts;
    private long _pauses;

    /// <summary>Connections that were accepted.</summary>
    public long Accepts => Volatile.Read(ref _accepts);

    /// <summary>Failures to accept, by their cause.</summary>
    public IEnumerable<KeyValuePair<Errno, long>> Errors => _errors;

    /// <summary>How often a connection stopped receiving because the application did not read.</summary>
    public long Pauses => Volatile.Read(ref _pauses);

    /// <summary>
    /// Connections that were accepted and have not ended. Those whose peer was gone at once count, too.
    /// </summary>
    public long Open
    {
        get
        {
            var open = Accepts;
            for (var reason = 0; reason < _ends.Length; reason++)
            {
                open -= EndsFor((ShutdownReason)reason);
            }

            return open;
        }
    }

    /// <summary>Connections that have ended, for one reason.</summary>
    public long EndsFor(ShutdownReason reason) => Volatile.Read(ref _ends[(int)reason]);

    /// <summary>Connections that were reset because of one limit.</summary>
    public long RefusalsFor(ListenerLimit limit) => Volatile.Read(ref _refusals[(int)limit]);

    /// <summary>How often one limit left connections in the kernel.</summary>
    public long WaitsFor(ListenerLimit limit) => Volatile.Read(ref _waits[(int)limit]);

    public void CountAccept() => Interlocked.Increment(ref _accepts);

    public void CountRefusal(ListenerLimit limit) => Interlocked.Increment(ref _refusals[(int)limit]);

    public void CountWait(ListenerLimit limit) => Interlocked.Increment(ref _waits[(int)limit]);

    public void CountError(Errno error) => _errors.AddOrUpdate(error, 1, static (_, count) => count + 1);

    public void CountPause() => Interlocked.Increment(ref _pauses);

    public void CountEnd(ShutdownReason reason) => Interlocked.Increment(ref _ends[(int)reason]);
}
