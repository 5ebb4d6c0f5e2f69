using Bench.Cases;
using Bench.Servers;
using Spectre.Console;

namespace Bench;

/// <summary>What --list prints.</summary>
internal static class Catalogs
{
    public static void Show(IAnsiConsole console)
    {
        var cases = new Table { Border = TableBorder.Simple };
        cases.AddColumns("case", "what", "servers by default");
        foreach (var benchCase in CaseCatalog.All)
        {
            cases.AddRow(benchCase.Name, benchCase.Title, string.Join(' ', ServerCatalog.All
                .Where(server => benchCase.Suits(server) && benchCase.Servers.Contains(server.Name))
                .Select(server => server.Name)));
        }

        var servers = new Table { Border = TableBorder.Simple };
        servers.AddColumns("server", "what", "missing here");
        foreach (var server in ServerCatalog.All)
        {
            servers.AddRow(server.Name, server.Title, server.Missing ?? "");
        }

        console.Write(cases);
        console.Write(servers);
    }
}
