using System.Globalization;

namespace Bench.Machine;

/// <summary>Reads how much memory a process has resident, from /proc.</summary>
internal static class ProcessMemory
{
    /// <summary>Resident bytes.</summary>
    public static long ResidentBytesOf(int processId) => ParseStatus(File.ReadLines($"/proc/{processId}/status"));

    /// <summary>Takes VmRSS from the lines of /proc/PID/status.</summary>
    public static long ParseStatus(IEnumerable<string> lines)
    {
        var words = lines.First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
    }
}
