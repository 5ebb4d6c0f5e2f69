namespace KqueueTransport.IntegrationTests.Processes;

/// <summary>How many descriptors this process has open.</summary>
internal static class OpenDescriptors
{
    private static readonly string s_folder = Directory.Exists("/proc/self/fd") ? "/proc/self/fd" : "/dev/fd";

    public static bool CanBeCounted => Directory.Exists(s_folder);

    public static int Count() => Directory.GetFileSystemEntries(s_folder).Length;
}
