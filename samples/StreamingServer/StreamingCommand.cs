using System.CommandLine;
using System.Net;
using Samples.Common;

namespace StreamingServer;

/// <summary>The command line.</summary>
internal sealed class StreamingCommand : RootCommand
{
    private readonly Option<string> _address = new("--address")
    {
        Description = "The address to listen on; 0.0.0.0 is every one.",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private readonly PortOption _port = new(9090) { Description = "The TCP port. 0 picks a free one." };

    private readonly Option<int> _maxClients = new Option<int>("--max-clients")
    {
        Description = "How many clients are served at a time; one more is refused.",
        DefaultValueFactory = _ => 64,
    }.InRange(1, 1_000_000);

    private readonly Option<int> _queue = new Option<int>("--queue")
    {
        Description = "How many bytes may wait for a client that does not read; with more it is dropped.",
        DefaultValueFactory = _ => 1024 * 1024,
    }.InRange(1, 1 << 30);

    private readonly Option<bool> _chat = new("--chat")
    {
        Description = "What one client says goes to the others.",
    };

    private readonly Option<string?> _redis = new("--redis")
    {
        Description = "Joins all servers that name the same Redis into one room.",
        HelpName = "HOST:PORT",
    };

    private readonly Option<string> _name = new("--name")
    {
        Description = "What the other servers of the room call this one.",
        DefaultValueFactory = _ => $"{Environment.MachineName}/{Environment.ProcessId}",
    };

    public StreamingCommand()
        : base("Prints what its clients say, and sends them all what is typed on its standard input.")
    {
        _address.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !IPAddress.TryParse(token.Value, out _))
            {
                result.AddError($"--address '{token.Value}' is no IP address; write for example --address 0.0.0.0.");
            }
        });
        _redis.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !IsHostAndPort(token.Value))
            {
                result.AddError($"--redis '{token.Value}' is not HOST:PORT; write for example 127.0.0.1:6379.");
            }
        });
        foreach (var option in new Option[] { _address, _port, _maxClients, _queue, _chat, _redis, _name })
        {
            Options.Add(option);
        }
    }

    public StreamingOptions OptionsOf(ParseResult result) => new(
        new IPEndPoint(IPAddress.Parse(result.GetValue(_address)!), result.GetValue(_port)),
        result.GetValue(_maxClients),
        result.GetValue(_queue),
        result.GetValue(_chat),
        result.GetValue(_redis),
        result.GetValue(_name)!);

    private static bool IsHostAndPort(string word)
    {
        var colon = word.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(word.AsSpan(colon + 1), out var port) && port > 0;
    }
}
