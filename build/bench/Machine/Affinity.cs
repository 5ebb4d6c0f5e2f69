using System.Diagnostics;
using Bench.Tools;

namespace Bench.Machine;

/// <summary>
/// Puts a server on the first processor and its client on the others, with taskset: .NET can change that for its own
/// process only, and a runtime counts its processors when it starts.
/// </summary>
internal static class Affinity
{
    private const string ServerProcessor = "0";

    private static readonly Tool s_taskset = new("taskset");

    /// <summary>Has a server start on the first processor, and see no other.</summary>
    /// <exception cref="ToolException">taskset is not installed.</exception>
    public static void UseServerProcessor(ProcessStartInfo server)
    {
        string[] words = [.. server.ArgumentList];
        server.ArgumentList.Clear();
        foreach (var word in (string[])["-c", ServerProcessor, server.FileName, .. words])
        {
            server.ArgumentList.Add(word);
        }

        server.FileName = s_taskset.Path ?? throw new ToolException("taskset is not installed.");
    }

    /// <summary>Runs a client where the server is not, if there is more than one processor.</summary>
    /// <exception cref="ToolException">taskset or the client is not installed, or the client failed.</exception>
    public static Task<ToolOutput> RunBesideServerAsync(
        Tool client, IEnumerable<string> arguments, CancellationToken cancellation) => s_taskset.RunAsync(
        ["-c", Environment.ProcessorCount == 1 ? ServerProcessor : $"1-{Environment.ProcessorCount - 1}",
            client.Path ?? client.Name, .. arguments],
        cancellation);
}
