using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Bench.Cases;
using Bench.Reports;
using Bench.Runs;
using Bench.Scaling;
using Bench.Servers;
using Samples.Common;

namespace Bench;

/// <summary>The command line: its options, their defaults, and which mode they ask for.</summary>
internal sealed class BenchCommand : RootCommand
{
    private readonly Option<string[]> _cases = Names("--cases", "What is measured. Defaults to all.",
        [.. CaseCatalog.All.Select(benchCase => benchCase.Name)]);

    private readonly Option<string[]> _servers = Names(
        "--servers",
        "What is compared. Defaults to all; the other scheduling modes only where they could make a difference.",
        [.. ServerCatalog.All.Select(server => server.Name)]);

    private readonly Option<int?> _processes = Number(
        "--processes",
        "How many processes of each server: a pass through the cases for each. Defaults to 6; with --quick to 4.",
        1,
        100);

    private readonly Option<int?> _windows =
        Number("--windows", "How often each process is measured. Defaults to 2; with --quick to 1.", 1, 1_000);

    private readonly Option<int?> _seconds =
        Number("--seconds", "How long a window is. Defaults to 1.", 1, 600);

    private readonly Option<bool> _quick = new("--quick") { Description = "A few windows, for a first look." };

    private readonly Option<string[]> _scaling = Names(
        "--scaling",
        "Measures how cost grows with loops and connections instead of comparing cases. Defaults to all series.",
        [.. ScalingCatalog.All.Select(series => series.Name)]);

    private readonly Option<bool> _list = new("--list") { Description = "Lists cases and servers and ends." };

    private readonly Option<string> _output = new("--output")
    {
        Description = "The folder of the report. Defaults to artifacts/bench.",
        DefaultValueFactory = _ => Path.Combine(BuildOutput.RepositoryRoot, "artifacts", "bench"),
    };

    private readonly Option<string?> _summary = new("--summary")
    {
        Description = "A document that also gets a short summary, between <!-- benchmarks --> marks.",
    };

    private readonly Option<string?> _earlier = new("--earlier")
    {
        Description = "The folder of an earlier report: says which ratios are not within its intervals.",
    };

    private readonly Option<string?> _client = new("--client")
    {
        Description = "A machine with wrk and h2load that loads the servers, as ssh knows it. Defaults to this one.",
    };

    private readonly Option<int?> _clientThreads = Number(
        "--client-threads", "The threads of the load tools. Defaults to half of this machine's processors.", 1, 1_024);

    private readonly Option<string> _address = new("--address")
    {
        Description = "The IPv4 address of this machine at which the client finds the servers. Defaults to 127.0.0.1.",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    public BenchCommand()
        : base("Compares the kqueue transport with Kestrel's Sockets on this machine.")
    {
        _scaling.Arity = ArgumentArity.ZeroOrMore;
        _summary.Validators.Add(RequireMarks);
        _address.Validators.Add(RequireAddress);
        foreach (var option in new Option[]
            {
                _cases, _servers, _processes, _windows, _seconds, _quick, _scaling, _list, _output, _summary, _earlier,
                _client, _clientThreads, _address,
            })
        {
            Options.Add(option);
        }

        SetAction(RunAsync);
    }

    private Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        if (result.GetValue(_list))
        {
            Catalogs.Show(Terminal.Open());
            return Task.FromResult(0);
        }

        var options = OptionsOf(result);
        return result.GetResult(_scaling) is not null
            ? ScalingSession.RunAsync(options, NamesIn(result, _scaling), cancellation)
            : BenchSession.CompareAsync(options, cancellation);
    }

    private BenchOptions OptionsOf(ParseResult result)
    {
        var isQuick = result.GetValue(_quick);
        return new BenchOptions(
            NamesIn(result, _cases),
            NamesIn(result, _servers),
            result.GetValue(_processes) ?? (isQuick ? 4 : 6),
            result.GetValue(_windows) ?? (isQuick ? 1 : 2),
            TimeSpan.FromSeconds(result.GetValue(_seconds) ?? 1),
            result.GetValue(_output)!)
        {
            CommandLine = CommandLineOf(result),
            Summary = result.GetValue(_summary),
            Earlier = result.GetValue(_earlier),
            Client = result.GetValue(_client),
            ClientThreads = result.GetValue(_clientThreads),
            Address = IPAddress.Parse(result.GetValue(_address)!),
        };
    }

    private static string CommandLineOf(ParseResult result)
    {
        var words = string.Join(' ', result.Tokens.Select(token => token.Value));
        return "dotnet run -c Release --project build/bench" + (words.Length > 0 ? $" -- {words}" : "");
    }

    private static string[]? NamesIn(ParseResult result, Option<string[]> option) =>
        result.GetValue(option) is { Length: > 0 } names ? names : null;

    private static Option<string[]> Names(string name, string description, string[] known)
    {
        var option = new Option<string[]>(name)
        {
            Description = description,
            HelpName = "name ...",
            AllowMultipleArgumentsPerToken = true,
        };
        option.AcceptOnlyFromAmong(known);
        return option;
    }

    private static Option<int?> Number(string name, string description, int min, int max) =>
        new Option<int?>(name) { Description = description }.InRange(min, max);

    // Asked for at the start: at the end, the runs would be lost.
    private static void RequireMarks(OptionResult result)
    {
        var path = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (!File.Exists(path) || !MarkedSection.IsIn(File.ReadAllText(path), Report.SummaryName))
        {
            result.AddError($"--summary '{path}' is not a file with <!-- {Report.SummaryName} --> marks.");
        }
    }

    private static void RequireAddress(OptionResult result)
    {
        if (!IPAddress.TryParse(result.GetValueOrDefault<string>(), out _))
        {
            result.AddError($"--address '{result.GetValueOrDefault<string>()}' is no IP address.");
        }
    }
}
