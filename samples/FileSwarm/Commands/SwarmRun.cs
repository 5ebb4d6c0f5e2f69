using System.CommandLine;
using System.Diagnostics;
using System.Net;
using FileSwarm.Client;
using FileSwarm.Report;
using FileSwarm.Server;

namespace FileSwarm.Commands;

/// <summary>What the commands do.</summary>
internal sealed class SwarmRun(SwarmCommand command, CancellationToken stop)
{
    /// <exception cref="IOException">Not every client has its copy, or there was no start.</exception>
    public async Task RunAsync(ParseResult result)
    {
        try
        {
            await (result.CommandResult.Command == command.Server ? ServeAsync(result)
                : result.CommandResult.Command == command.Clients ? FetchAsync(result)
                : DemonstrateAsync(result));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw new SwarmException("stopped before every client had its copy.");
        }
    }

    private async Task ServeAsync(ParseResult result)
    {
        var path = command.FileOf(result) ?? throw new SwarmException("which file? Write --file PATH.");
        using var server = new ServerHost(
            command.ServerOptionsOf(result, path, command.ListenOf(result)), Console.Error.WriteLine);
        server.Start();
        Console.WriteLine($"listening on {server.EndPoint}, {Describe(server)}");
        await server.Completion.WaitAsync(stop);
        RunReport.Print(server);
    }

    private async Task FetchAsync(ParseResult result)
    {
        using var folder = new CopyFolder(command.FolderOf(result));
        using var clients = new ClientGroup(
            command.ClientOptionsOf(result, command.ServerOf(result), folder.Path));
        await FetchAsync(clients, command.FilesOf(result));
    }

    private async Task DemonstrateAsync(ParseResult result)
    {
        using var folder = new CopyFolder(command.FolderOf(result));
        using var random = command.FileOf(result) is null ? RandomFile.Create(command.SizeOf(result)) : null;
        var path = command.FileOf(result) ?? random!.Path;
        using var server = new ServerHost(
            command.ServerOptionsOf(result, path, $"{IPAddress.Loopback}:0"), Console.Error.WriteLine);
        using var clients = new ClientGroup(command.ClientOptionsOf(result, server.EndPoint, folder.Path));
        Console.WriteLine(Describe(server));
        server.Start();
        await FetchAsync(clients, command.FilesOf(result));
        await server.Completion.WaitAsync(stop);
        RunReport.Print(server);
    }

    private async Task FetchAsync(ClientGroup clients, RunReport.Files files)
    {
        var start = Stopwatch.GetTimestamp();
        clients.Start();
        await ProgressDisplay.WaitAsync(clients, stop);
        RunReport.Print(clients, Stopwatch.GetElapsedTime(start), files);
    }

    private static string Describe(ServerHost server)
    {
        var info = server.Info;
        return $"{info.FileLength:N0} bytes in chunks of {info.ChunkBytes:N0} for {info.ClientCount} clients, " +
            $"SHA-256 {Convert.ToHexStringLower(info.Sha256.Span)}";
    }
}
