using System.Globalization;

namespace KqueueTransport.IntegrationTests.Processes;

/// <summary>How much processor time another process takes, as Linux counts it.</summary>
internal static class ProcessorTime
{
    // Begins a while after the work that it compiles anew, and takes as long as it takes. Linux cuts names off.
    private const string Compiler = ".NET Tiered Com";

    /// <summary>
    /// What each thread takes while so much time passes, by its id and name, but the runtime's compiler.
    /// </summary>
    public static async Task<Dictionary<string, TimeSpan>> OfThreadsAsync(
        int processId, TimeSpan duration, CancellationToken deadline)
    {
        var before = OfThreads(processId);
        await Task.Delay(duration, deadline);
        return OfThreads(processId)
            .Select(thread => (thread.Key, Spent: thread.Value - before.GetValueOrDefault(thread.Key)))
            .Where(thread => thread.Spent > TimeSpan.Zero)
            .ToDictionary(thread => thread.Key, thread => thread.Spent);
    }

    private static Dictionary<string, TimeSpan> OfThreads(int processId)
    {
        var threads = new Dictionary<string, TimeSpan>();
        foreach (var folder in Directory.GetDirectories($"/proc/{processId}/task"))
        {
            try
            {
                var name = File.ReadAllText($"{folder}/comm").TrimEnd();
                var nanoseconds = long.Parse(
                    File.ReadAllText($"{folder}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
                if (name != Compiler)
                {
                    threads[$"{Path.GetFileName(folder)} {name}"] = TimeSpan.FromMicroseconds(nanoseconds / 1000);
                }
            }
            catch (IOException)
            {
                // The thread has ended.
            }
        }

        return threads;
    }
}
