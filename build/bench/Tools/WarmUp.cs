namespace Bench.Tools;

/// <summary>
/// Loads a server until it is as fast as it becomes: for a second at a pace at which its compiler finds processor time,
/// and then as it will be measured. On two cores Sockets was seen to get there in three seconds, of which the first one
/// is paced, and in five to six under full load.
/// </summary>
internal static class WarmUp
{
    /// <summary>How long the load is paced.</summary>
    public static readonly TimeSpan PacedTime = TimeSpan.FromSeconds(1);

    /// <summary>Warms up.</summary>
    /// <param name="duration">How long in all; a second or less is all without the pace.</param>
    /// <param name="paced">Loads at the pace for a time.</param>
    /// <param name="full">Loads fully for a time.</param>
    public static async Task RunAsync(TimeSpan duration, Func<TimeSpan, Task> paced, Func<TimeSpan, Task> full)
    {
        if (duration > PacedTime)
        {
            await paced(PacedTime);
            duration -= PacedTime;
        }

        await full(duration);
    }
}
