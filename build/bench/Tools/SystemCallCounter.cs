using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Bench.Machine;

namespace Bench.Tools;

/// <summary>Counts system calls with strace, which makes each take longer and changes little else.</summary>
internal static partial class SystemCallCounter
{
    private static readonly Tool s_strace = new("strace");

    /// <summary>Whether it can.</summary>
    public static bool IsInstalled => s_strace.Path is not null;

    /// <summary>Counts those of a process while something runs.</summary>
    /// <param name="processId">Whose calls.</param>
    /// <param name="run">What runs meanwhile.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <param name="threadName">Only threads that have this name already; null for all, and those to come.</param>
    /// <returns>The number of calls by their names, and what has run.</returns>
    /// <exception cref="ToolException">strace may not look at the process.</exception>
    public static async Task<(IReadOnlyDictionary<string, long> Calls, T Result)> CountAsync<T>(
        int processId, Func<Task<T>> run, CancellationToken cancellation, string? threadName = null)
    {
        string[] targets = threadName is null
            ? ["-f", "-p", $"{processId}"]
            : [.. ProcessFacts.ThreadsOf(processId, threadName).SelectMany(id => (string[])["-p", $"{id}"])];
        var file = Path.GetTempFileName();
        using var process = Process.Start(
            new ProcessStartInfo(s_strace.Path!, ["-c", .. targets, "-o", file])
            {
                RedirectStandardError = true,
            })!;
        try
        {
            // It has a line for each -p when it has attached to that.
            foreach (var _ in targets.Where(target => target == "-p"))
            {
                var line = await process.StandardError.ReadLineAsync(cancellation);
                if (line?.Contains("attached", StringComparison.Ordinal) != true)
                {
                    throw new ToolException($"strace counts nothing: {line}");
                }
            }

            var others = process.StandardError.ReadToEndAsync(cancellation);
            var result = await run();
            Signals.Send(process.Id, Signals.Interrupt);
            await others;
            await process.WaitForExitAsync(cancellation);
            return (Parse(await File.ReadAllTextAsync(file, cancellation)), result);
        }
        finally
        {
            process.Kill();
            File.Delete(file);
        }
    }

    /// <summary>Takes the calls from strace's table.</summary>
    public static IReadOnlyDictionary<string, long> Parse(string table) => Row().Matches(table)
        .Where(row => row.Groups["name"].Value != "total")
        .ToDictionary(
            row => row.Groups["name"].Value,
            row => long.Parse(row.Groups["calls"].Value, CultureInfo.InvariantCulture));

    // The columns: % time, seconds, usecs/call, calls, errors if any, syscall.
    [GeneratedRegex(@"^ *[\d.]+ +[\d.]+ +\d+ +(?<calls>\d+) +(?:\d+ +)?(?<name>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
