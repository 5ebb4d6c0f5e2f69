using System.Globalization;

namespace Bench.Machine;

/// <summary>Reads what a process has used, from /proc.</summary>
internal static class ProcessTimes
{
    // Linux shows times to user space in ticks of USER_HZ, which is 100 on every architecture that .NET runs on.
    private const int TicksPerSecond = 100;

    /// <summary>User and system time so far; null when the process has gone.</summary>
    public static TimeSpan? CpuOf(int processId)
    {
        try
        {
            return ParseStat(File.ReadAllText($"/proc/{processId}/stat"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Takes utime and stime from the text of /proc/PID/stat, see proc_pid_stat(5).</summary>
    public static TimeSpan ParseStat(string stat)
    {
        // The second field is the program's name in parentheses, which may hold blanks and parentheses itself. utime
        // and stime are the fields 14 and 15; the first one behind the name is the third.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) +
            long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
    }
}
