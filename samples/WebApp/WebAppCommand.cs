using System.CommandLine;
using System.Net;
using KqueueTransport;
using Samples.Common;

namespace WebApp;

/// <summary>The command line: its options, their defaults and what is wrong with a value, in one line each.</summary>
internal sealed class WebAppCommand : RootCommand
{
    private static readonly Dictionary<string, TransportKind> s_transports = new()
    {
        ["kqueue"] = TransportKind.Kqueue,
        ["sockets"] = TransportKind.Sockets,
        ["sockets-inline"] = TransportKind.SocketsInline,
    };

    private static readonly Dictionary<string, Scheduling?> s_schedulings = new()
    {
        ["adaptive"] = Scheduling.Adaptive,
        ["threadpool"] = Scheduling.ThreadPool,
        ["inline"] = Scheduling.Inline,
    };

    private readonly Option<TransportKind> _transport =
        OneOf("--transport", s_transports, "The transport under Kestrel. Defaults to kqueue.");

    private readonly Option<Scheduling?> _scheduling =
        OneOf("--scheduling", s_schedulings, "Where the application runs, on kqueue. Defaults to adaptive.");

    private readonly Option<int?> _loops = new Option<int?>("--loops")
    {
        Description = "The number of event loops, on kqueue. Defaults to one per processor.",
    }.InRange(1, 1024);

    private readonly Option<IPAddress> _address = new("--address")
    {
        Description = "The IP address to listen on. Defaults to 127.0.0.1, for this machine only.",
        DefaultValueFactory = _ => IPAddress.Loopback,
        CustomParser = argument =>
        {
            var word = argument.Tokens[0].Value;
            if (!IPAddress.TryParse(word, out var address))
            {
                argument.AddError($"--address '{word}' is no IP address; write for example --address 0.0.0.0.");
            }

            return address;
        },
    };

    private readonly Option<int> _port = new Option<int>("--port")
    {
        Description = "The port of HTTP; raw echo is on the next, raw hello on the one after. 0 picks free ones.",
        DefaultValueFactory = _ => 5000,
    }.InRange(0, ushort.MaxValue - 2);

    public WebAppCommand()
        : base("An ASP.NET Core app on the kqueue transport, or on Kestrel's Sockets transport for comparison.")
    {
        Options.Add(_transport);
        Options.Add(_scheduling);
        Options.Add(_loops);
        Options.Add(_address);
        Options.Add(_port);

        // The generic host's own keys arrive as arguments too, from WebApplicationFactory for one.
        foreach (var key in new[] { "--environment", "--contentRoot", "--applicationName" })
        {
            Options.Add(new Option<string>(key) { Hidden = true });
        }
    }

    public WebAppOptions OptionsOf(ParseResult result) => new(
        result.GetValue(_transport),
        result.GetValue(_scheduling),
        result.GetValue(_loops),
        result.GetValue(_address)!,
        result.GetValue(_port));

    private static Option<T> OneOf<T>(string name, Dictionary<string, T> values, string description)
    {
        var names = string.Join('|', values.Keys);
        return new Option<T>(name)
        {
            Description = description,
            HelpName = names,
            CustomParser = argument =>
            {
                var word = argument.Tokens[0].Value;
                if (!values.TryGetValue(word, out var value))
                {
                    argument.AddError($"{name} '{word}' is unknown; write {name} {names}.");
                }

                return value;
            },
        };
    }
}
