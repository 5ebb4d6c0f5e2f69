using System.CommandLine;
using System.Net;
using FileSwarm.Client;
using FileSwarm.Report;
using FileSwarm.Server;

namespace FileSwarm.Commands;

/// <summary>The command line: <c>server</c>, <c>clients</c>, and <c>demo</c>, which is both in one process.</summary>
internal sealed class SwarmCommand : RootCommand
{
    private const int KiB = 1024;
    private const int TcpChunkBytes = 64 * KiB;
    private const int UdpChunkBytes = 1200;
    private const int TcpWindow = 4;
    private const int UdpWindow = 16;

    private readonly SwarmOptions _options = new();

    public SwarmCommand()
        : base("Copies a file from a server to many clients, which get most of it from each other.")
    {
        var o = _options;
        Server = Add(
            "server",
            "Spreads a file over clients and relays its chunks between them.",
            [o.File, o.Protocol, o.Listen, o.Clients, o.Chunk, o.Cache, o.Loss, o.Timeout]);
        Clients = Add(
            "clients",
            "Runs a number of clients in one process.",
            [o.Server, o.Protocol, o.Clients, o.Window, o.Loss, o.Timeout, o.Folder, o.Csv, o.Plot]);
        Add(
            "demo",
            "Runs a server and its clients in one process, on an event loop each.",
            [
                o.File, o.Size, o.Protocol, o.Clients, o.Chunk, o.Cache, o.Window, o.Loss, o.Timeout, o.Folder, o.Csv,
                o.Plot,
            ]);
        o.Chunk.Validators.Add(result =>
        {
            const int Max = SwarmLimits.DatagramChunkBytesMax;
            if (result.GetValue(o.Protocol) == Protocol.Udp && result.GetValue(o.Chunk) > Max)
            {
                result.AddError($"--chunk over UDP is at most {Max}: it goes in one datagram.");
            }
        });
    }

    public Command Server { get; }

    public Command Clients { get; }

    public ServerOptions ServerOptionsOf(ParseResult result, string path, string listen)
    {
        var protocol = result.GetValue(_options.Protocol);
        return new ServerOptions(
            path,
            IPEndPoint.Parse(listen),
            protocol,
            result.GetValue(_options.Clients),
            result.GetValue(_options.Chunk) ?? (protocol == Protocol.Tcp ? TcpChunkBytes : UdpChunkBytes),
            (long)result.GetValue(_options.Cache) * KiB,
            result.GetValue(_options.Loss),
            TimeSpan.FromSeconds(result.GetValue(_options.Timeout)));
    }

    public ClientOptions ClientOptionsOf(ParseResult result, IPEndPoint server, string folder)
    {
        var protocol = result.GetValue(_options.Protocol);
        return new ClientOptions(
            server,
            protocol,
            result.GetValue(_options.Clients),
            folder,
            Keep: result.GetValue(_options.Folder) is not null,
            result.GetValue(_options.Window) ?? (protocol == Protocol.Tcp ? TcpWindow : UdpWindow),
            result.GetValue(_options.Loss),
            TimeSpan.FromSeconds(result.GetValue(_options.Timeout)));
    }

    public string? FileOf(ParseResult result) => result.GetValue(_options.File);

    public long SizeOf(ParseResult result) => result.GetValue(_options.Size) * 1_000_000L;

    public string ListenOf(ParseResult result) => result.GetValue(_options.Listen)!;

    public IPEndPoint ServerOf(ParseResult result) => IPEndPoint.Parse(result.GetValue(_options.Server)!);

    public string? FolderOf(ParseResult result) => result.GetValue(_options.Folder);

    public RunReport.Files FilesOf(ParseResult result) =>
        new(result.GetValue(_options.Csv), result.GetValue(_options.Plot));

    private Command Add(string name, string description, Option[] options)
    {
        var command = new Command(name, description);
        Array.ForEach(options, command.Options.Add);
        Subcommands.Add(command);
        return command;
    }
}
