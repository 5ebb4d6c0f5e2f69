using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace KqueueTransport.Tests;

/// <summary>Waits that end: every await of the suites goes through one of these.</summary>
internal static class Waiting
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    public static Task Soon(this Task task, TimeSpan? limit = null) => task.WaitAsync(limit ?? s_limit);

    public static Task<T> Soon<T>(this Task<T> task, TimeSpan? limit = null) => task.WaitAsync(limit ?? s_limit);

    public static Task Soon(this ValueTask task, TimeSpan? limit = null) => task.AsTask().Soon(limit);

    public static Task<T> Soon<T>(this ValueTask<T> task, TimeSpan? limit = null) => task.AsTask().Soon(limit);

    /// <summary>Polls for a state that raises no event.</summary>
    public static async Task UntilAsync(
        Func<bool> condition,
        TimeSpan? limit = null,
        [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        var deadline = new Deadline(limit);
        while (!condition())
        {
            deadline.Check($"this is still not true: {what}");
            await Task.Delay(1);
        }
    }

    /// <summary>True if <paramref name="task"/> does not end for a while: a stalled stream raises no event.</summary>
    /// <remarks>A slow task counts as stalled, too: nothing may depend on how far the task has come.</remarks>
    public static async Task<bool> IsStalledAsync(this Task task) =>
        await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(250))) != task;

    /// <summary>
    /// Waits for the other one of two threads that take turns. A core for each is not sure: after a while the other may
    /// need this one's.
    /// </summary>
    public static void SpinUntil(ref int turn, int expected)
    {
        var spin = default(SpinWait);
        while (Volatile.Read(ref turn) != expected)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Ends a loop whose awaits all complete at once, so that none of them ever times out.</summary>
    public readonly struct Deadline(TimeSpan? limit = null)
    {
        private readonly TimeSpan _limit = limit ?? s_limit;
        private readonly long _start = Stopwatch.GetTimestamp();

        public Deadline()
            : this(null)
        {
        }

        public void Check(string what)
        {
            if (Stopwatch.GetElapsedTime(_start) > _limit)
            {
                throw new TimeoutException($"After {_limit.TotalSeconds} s, {what}");
            }
        }
    }
}
