namespace KqueueTransport.IntegrationTests.Processes;

/// <summary>This process's threads that drive, watch or stand by for event loops, as Linux shows them.</summary>
internal static class KqueueThreads
{
    private const string Folder = "/proc/self/task";
    private const string VoluntarySwitches = "voluntary_ctxt_switches:";

    public static bool CanBeSeen => Directory.Exists(Folder);

    public static int CountLoopThreads() => Ids("kqueue loop").Count;

    /// <summary>How often each thread went to sleep, by its id.</summary>
    public static Dictionary<string, long> Sleeps()
    {
        var sleeps = new Dictionary<string, long>();
        foreach (var id in Ids("kqueue"))
        {
            var line = TryRead(id, "status").Split('\n').FirstOrDefault(
                line => line.StartsWith(VoluntarySwitches, StringComparison.Ordinal));
            if (line is not null)
            {
                sleeps[id] = long.Parse(line.AsSpan(VoluntarySwitches.Length), provider: null);
            }
        }

        return sleeps;
    }

    private static List<string> Ids(string name) =>
    [
        .. Directory.GetDirectories(Folder).Select(folder => Path.GetFileName(folder))
            .Where(id => TryRead(id, "comm").StartsWith(name, StringComparison.Ordinal)),
    ];

    private static string TryRead(string id, string file)
    {
        try
        {
            return File.ReadAllText($"{Folder}/{id}/{file}");
        }
        catch (IOException)
        {
            // The thread has ended: ENOENT at the open, ESRCH at the read.
            return "";
        }
    }
}
