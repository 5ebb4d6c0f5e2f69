using System.Runtime.InteropServices;

namespace KqueueTransport.Connections.Contexts;

/// <summary>
/// How many connections of a listener nobody has asked for a first read. Kestrel begins a connection on the thread
/// pool; told to stop before it has, it closes the connection and never looks for the request that is there.
/// </summary>
internal sealed class Newcomers
{
    private Count _count;
    private TaskCompletionSource? _none;

    public void Add() => Interlocked.Increment(ref _count.Number);

    /// <summary>A first read has been asked for, or the connection has ended without one.</summary>
    public void Remove()
    {
        // Who removes the last one looks for a waiter afterwards, and who waits looks at the number afterwards.
        if (Interlocked.Decrement(ref _count.Number) == 0)
        {
            Volatile.Read(ref _none)?.TrySetResult();
        }
    }

    /// <summary>Completes when there is none, or the time is over. None may be added any more.</summary>
    public async Task WhenNoneAsync(TimeSpan max, TimeProvider clock)
    {
        var none = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        none = Interlocked.CompareExchange(ref _none, none, null) ?? none;
        if (Volatile.Read(ref _count.Number) > 0)
        {
            await none.Task.WaitAsync(max, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // By itself in a pair of cache lines: the acceptor writes it, and the loops, once each for a connection.
    [StructLayout(LayoutKind.Explicit, Size = 2 * 128)]
    private struct Count
    {
        [FieldOffset(128)]
        public int Number;
    }
}
