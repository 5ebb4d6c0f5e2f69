using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Samples.Common;

namespace FileSwarm.Commands;

/// <summary>The options of the commands; several of them have the same.</summary>
internal sealed class SwarmOptions
{
    private const int MaxSeconds = 24 * 60 * 60;

    public Option<string> File { get; } = new("--file") { Description = "The file to spread." };

    public Option<int> Size { get; } = new Option<int>("--size")
    {
        Description = "Without --file: how many megabytes (1,000,000 bytes) of random data to spread.",
        DefaultValueFactory = _ => 4,
    }.InRange(1, 100_000);

    public Option<Protocol> Protocol { get; } = new("--protocol")
    {
        Description = "What carries the chunks; control messages take the other one.",
        HelpName = "tcp|udp",
        DefaultValueFactory = _ => FileSwarm.Protocol.Tcp,
        CustomParser = ParseProtocol,
    };

    public Option<string> Listen { get; } = EndPointOption(
        "--listen", "The address and port to listen on, over TCP and UDP. Port 0 picks a free one.", "127.0.0.1:7000");

    public Option<string> Server { get; } = EndPointOption("--server", "Where the server listens.", "127.0.0.1:7000");

    public Option<int> Clients { get; } = new Option<int>("--clients")
    {
        Description = "How many clients. A server waits for so many; their number is part of the plan.",
        DefaultValueFactory = _ => 10,
    }.InRange(1, SwarmLimits.ClientsMax);

    public Option<int?> Chunk { get; } = new Option<int?>("--chunk")
    {
        Description = "Bytes in a chunk. Defaults to 65536 over TCP and 1200, which fits any path, over UDP.",
    }.InRange(1, SwarmLimits.ChunkBytesMax);

    public Option<int> Cache { get; } = new Option<int>("--cache")
    {
        Description = "Kilobytes of relayed chunks that the server keeps.",
        DefaultValueFactory = _ => 16 * 1024,
    }.InRange(0, 16 * 1024 * 1024);

    public Option<int?> Window { get; } = new Option<int?>("--window")
    {
        Description = "How many chunks a client asks for at a time. Defaults to 4 over TCP and 16 over UDP.",
    }.InRange(1, 64);

    public Option<double> Loss { get; } = new("--loss")
    {
        Description = "The percentage of datagrams that is dropped on purpose.",
        DefaultValueFactory = _ => 0,
        CustomParser = ParseLoss,
    };

    public Option<int> Timeout { get; } = new Option<int>("--timeout")
    {
        Description = "After how many silent seconds the other side is given up.",
        DefaultValueFactory = _ => 60,
    }.InRange(1, MaxSeconds);

    public Option<string?> Folder { get; } = new("--folder")
    {
        Description = "Where the copies go, and stay. Without it they are deleted at the end.",
    };

    public Option<string?> Csv { get; } = new("--csv") { Description = "Write every round trip into this file." };

    public Option<string?> Plot { get; } = new("--plot") { Description = "Plot the round trips into this SVG file." };

    private static Option<string> EndPointOption(string name, string description, string byDefault)
    {
        var option = new Option<string>(name)
        {
            Description = description,
            HelpName = "ADDRESS:PORT",
            DefaultValueFactory = _ => byDefault,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] &&
                !(token.Value.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(token.Value, out _)))
            {
                result.AddError($"{name} '{token.Value}' is not ADDRESS:PORT; write for example {byDefault}.");
            }
        });
        return option;
    }

    private static Protocol ParseProtocol(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        switch (word)
        {
            case "tcp":
                return FileSwarm.Protocol.Tcp;
            case "udp":
                return FileSwarm.Protocol.Udp;
            default:
                argument.AddError($"--protocol '{word}' is unknown; write --protocol tcp|udp.");
                return default;
        }
    }

    private static double ParseLoss(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        if (!double.TryParse(word, CultureInfo.InvariantCulture, out var percent) || !(percent is >= 0 and <= 90))
        {
            argument.AddError($"--loss '{word}' is not a percentage from 0 to 90.");
        }

        return percent;
    }
}
