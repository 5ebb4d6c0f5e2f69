using Bench.Cases;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Runs;

/// <summary>A process of each of a case's servers, all of them alive.</summary>
internal sealed class Lineup : IAsyncDisposable
{
    private readonly List<(BenchServer Server, ServerProcess Process)> _entries = [];

    private Lineup()
    {
    }

    public static Lineup Empty { get; } = new();

    public IReadOnlyList<(BenchServer Server, ServerProcess Process)> All => _entries;

    /// <summary>Starts them.</summary>
    /// <exception cref="ToolException">One does not start.</exception>
    public static async Task<Lineup> StartAsync(
        BenchCase benchCase, IReadOnlyList<BenchServer> servers, BenchOptions options, CancellationToken cancellation)
    {
        var lineup = new Lineup();
        try
        {
            foreach (var server in servers)
            {
                lineup._entries.Add((server, await server.StartAsync(options.SettingOf(benchCase), cancellation)));
            }

            return lineup;
        }
        catch
        {
            await lineup.DisposeAsync();
            throw;
        }
    }

    /// <summary>A server's process; null where each window starts its own.</summary>
    public ServerProcess? Of(BenchServer server) =>
        _entries.FirstOrDefault(entry => entry.Server == server).Process;

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_entries.Select(entry => entry.Process.DisposeAsync().AsTask()));
}
