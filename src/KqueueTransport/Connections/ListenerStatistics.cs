using System.Collections.Concurrent;
using Kqueue.Interop;

namespace KqueueTransport.Connections;

/// <summary>What a listener has counted since it was bound. The acceptor counts, anybody reads.</summary>
internal sealed class ListenerStatistics
{
    private readonly ConcurrentDictionary<Errno, long> _errors = new();
    private long _accepts;
    private long _refusals;

    /// <summary>Connections that were accepted.</summary>
    public long Accepts => Volatile.Read(ref _accepts);

    /// <summary>Connections that were refused because nothing was left to serve them with.</summary>
    public long Refusals => Volatile.Read(ref _refusals);

    /// <summary>Failures to accept, by their cause.</summary>
    public IEnumerable<KeyValuePair<Errno, long>> Errors => _errors;

    public void CountAccept() => Interlocked.Increment(ref _accepts);

    public void CountRefusals(int count) => Interlocked.Add(ref _refusals, count);

    public void CountError(Errno error) => _errors.AddOrUpdate(error, 1, static (_, count) => count + 1);
}
