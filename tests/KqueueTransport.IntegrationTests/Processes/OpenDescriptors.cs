namespace KqueueTransport.IntegrationTests.Processes;

/// <summary>How many descriptors this process has open.</summary>
internal static class OpenDescriptors
{
    private static readonly bool s_hasLinks = Directory.Exists("/proc/self/fd");
    private static readonly string s_folder = s_hasLinks ? "/proc/self/fd" : "/dev/fd";

    public static bool CanBeCounted => Directory.Exists(s_folder);

    /// <summary>
    /// Sockets, queues, timers and pipes: all but files where a link says what a descriptor is, because the runtime
    /// opens files, such as an assembly's, whenever it comes to need them.
    /// </summary>
    public static int Count()
    {
        var entries = Directory.GetFileSystemEntries(s_folder);
        return s_hasLinks ? entries.Count(entry => !IsFile(entry)) : entries.Length;
    }

    /// <summary>Epoll instances, events and timers, where links tell. The runtime has pipes for its threads.</summary>
    public static int CountOfQueues() => Directory.GetFileSystemEntries(s_folder).Count(
        entry => LinkOf(entry)?.StartsWith("anon_inode:", StringComparison.Ordinal) ?? false);

    // What is no file has a link as "socket:[4711]".
    private static bool IsFile(string entry) => LinkOf(entry) is not { } target || target.StartsWith('/');

    private static string? LinkOf(string entry)
    {
        try
        {
            return new FileInfo(entry).LinkTarget;
        }
        catch (IOException)
        {
            return null; // Closed since it was listed, such as the descriptor of the list itself.
        }
    }
}
