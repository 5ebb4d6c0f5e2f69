using System.Globalization;

namespace Bench.Machine;

/// <summary>Reads what a process has used and holds, from /proc.</summary>
internal static class ProcessFacts
{
    // Linux shows times to user space in ticks of USER_HZ, which is 100 on every architecture that .NET runs on.
    private const int TicksPerSecond = 100;

    /// <summary>User and system time so far.</summary>
    public static TimeSpan CpuOf(int processId) => ParseStat(File.ReadAllText($"/proc/{processId}/stat"));

    /// <summary>Takes utime and stime from the text of /proc/PID/stat, see proc_pid_stat(5).</summary>
    public static TimeSpan ParseStat(string stat)
    {
        // The second field is the program's name in parentheses, which may hold blanks and parentheses itself. utime
        // and stime are the fields 14 and 15; the first one behind the name is the third.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((double)(Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
    }

    /// <summary>Bytes of memory that are resident.</summary>
    public static long ResidentBytesOf(int processId) =>
        ParseStatus(File.ReadLines($"/proc/{processId}/status"), "VmRSS:") * 1024;

    /// <summary>How often a thread that runs was left for another one, by its own will or not.</summary>
    public static long SwitchesOf(int processId) => Directory.EnumerateDirectories($"/proc/{processId}/task")
        .Select(task => $"{task}/status")
        .Sum(status => LinesOf(status) is { Length: > 0 } lines
            ? ParseStatus(lines, "voluntary_ctxt_switches:") + ParseStatus(lines, "nonvoluntary_ctxt_switches:")
            : 0);

    /// <summary>The threads that have a name, of which Linux keeps 15 characters.</summary>
    public static IEnumerable<string> ThreadsOf(int processId, string name) =>
        from task in Directory.EnumerateDirectories($"/proc/{processId}/task")
        where LinesOf($"{task}/comm") is [var comm] && comm == name
        select Path.GetFileName(task);

    /// <summary>Takes a number from the lines of /proc/PID/status.</summary>
    public static long ParseStatus(IEnumerable<string> lines, string name) => Number(
        lines.First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]);

    /// <summary>What all processors have done since the system began: busy, and all of their time, in ticks.</summary>
    public static (long Busy, long All) Processors()
    {
        // user, nice, system, idle, iowait, irq, softirq, steal; what follows is in user already. See proc_stat(5).
        long[] ticks = [.. File.ReadLines("/proc/stat").First()
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9].Select(Number)];
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    private static string[] LinesOf(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return []; // The thread has ended.
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
