using System.Runtime.CompilerServices;

namespace KqueueTransport.Tests.Pipes;

/// <summary>Waits that end: every await of the suites goes through one of these.</summary>
internal static class Waiting
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    public static Task Soon(this Task task) => task.WaitAsync(s_limit);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(s_limit);

    public static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(s_limit);

    public static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(s_limit);

    /// <summary>Polls for a state that raises no event.</summary>
    public static async Task UntilAsync(
        Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        var deadline = Environment.TickCount64 + (long)s_limit.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, $"did not become true: {what}");
            await Task.Delay(1);
        }
    }

    /// <summary>True if <paramref name="task"/> makes no progress for a while: a stalled stream raises no event.</summary>
    /// <remarks>A task that is only slow counts as stalled; tests use this to stop filling, never to prove absence.</remarks>
    public static async Task<bool> IsStalledAsync(this Task task) =>
        await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(250))) != task;
}
