using System.Runtime.InteropServices;

namespace KqueueTransport.Diagnostics.Metrics;

/// <summary>
/// What one loop's connections have counted. They count as a rule on the loop's own thread, but where the application
/// runs elsewhere so does its part, so that all counts are interlocked; loops do not share them.
/// </summary>
internal sealed class LoopStatistics
{
    private Counts _counts;

    /// <summary>Connections that have started and not ended.</summary>
    public int Connections => Volatile.Read(ref _counts.Connections);

    /// <summary>Bytes that came from peers, without those that were dropped after an end.</summary>
    public long BytesReceived => Volatile.Read(ref _counts.Received);

    /// <summary>Bytes that the kernel has taken.</summary>
    public long BytesSent => Volatile.Read(ref _counts.Sent);

    public void CountStart() => Interlocked.Increment(ref _counts.Connections);

    public void CountEnd() => Interlocked.Decrement(ref _counts.Connections);

    public void CountReceived(int bytes) => Interlocked.Add(ref _counts.Received, bytes);

    public void CountSent(int bytes) => Interlocked.Add(ref _counts.Sent, bytes);

    // A pair of cache lines to itself, which is what x64 fetches at a time: no other loop's counts lie in it.
    [StructLayout(LayoutKind.Explicit, Size = 3 * 128)]
    private struct Counts
    {
        [FieldOffset(128)]
        public long Received;

        [FieldOffset(136)]
        public long Sent;

        [FieldOffset(144)]
        public int Connections;
    }
}
