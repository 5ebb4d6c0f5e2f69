namespace Kqueue.EventLoops;

/// <summary>
/// Tells others whether the thread it was made on is asleep. One that the kernel has only set aside, and one that
/// computes, is not: both would run if they had a core.
/// </summary>
internal sealed class ThreadSleep
{
    private readonly Thread _thread = Thread.CurrentThread;

    // Null where the system does not show its threads.
    private readonly string? _statusFile = FindStatusFile();

    /// <summary>
    /// Whether the thread sleeps at this moment. Where the system does not show it, a thread that waits inside a
    /// system call passes for one that is awake. Costs a few system calls on Linux.
    /// </summary>
    public bool IsAsleep => (_thread.ThreadState & ThreadState.WaitSleepJoin) != 0 || IsAsleepInTheKernel();

    private static string? FindStatusFile()
    {
        try
        {
            // The link's target is "<process>/task/<thread>", proc(5).
            var target = File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false);
            return target is null ? null : $"/proc/self/task/{target.Name}/stat";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private bool IsAsleepInTheKernel()
    {
        if (_statusFile is null)
        {
            return false;
        }

        try
        {
            using var file = File.OpenHandle(_statusFile);
            Span<byte> status = stackalloc byte[64];
            return IsSleeping(status[..RandomAccess.Read(file, status, fileOffset: 0)]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The thread has ended: ENOENT at the open, ESRCH at the read.
            return false;
        }
    }

    // "id (name) state ...", proc(5); the name is at most 15 bytes and may hold anything. S and D are the sleeps, with
    // and without signals.
    private static bool IsSleeping(ReadOnlySpan<byte> status)
    {
        var afterName = status.LastIndexOf(") "u8) + 2;
        return afterName >= 2 && afterName < status.Length && status[afterName] is (byte)'S' or (byte)'D';
    }
}
