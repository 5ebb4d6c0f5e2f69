using Bench.Cases;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Runs;

/// <summary>The processes of a case's servers, all of them alive.</summary>
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
            for (var i = 0; i < options.Processes; i++)
            {
                foreach (var server in servers)
                {
                    var process = await server.StartAsync(options.SettingOf(benchCase), cancellation);
                    lineup._entries.Add((server, process));
                }
            }

            return lineup;
        }
        catch
        {
            await lineup.DisposeAsync();
            throw;
        }
    }

    /// <summary>One of a server's processes.</summary>
    public ServerProcess Of(BenchServer server, int number) =>
        _entries.Where(entry => entry.Server == server).ElementAt(number).Process;

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_entries.Select(entry => entry.Process.DisposeAsync().AsTask()));
}
