using System.CommandLine;
using System.CommandLine.Parsing;
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

    private readonly Option<int?> _rounds = Number("--rounds", "How often. Defaults to 3; with --quick to 1.", 1, 100);

    private readonly Option<int?> _seconds =
        Number("--seconds", "How long each run is measured. Defaults to 2; with --quick to 1.", 1, 600);

    private readonly Option<int?> _warmup =
        Number("--warmup", "Seconds of load before that. Defaults to 3; with --quick to 2.", 1, 600);

    private readonly Option<bool> _quick = new("--quick") { Description = "One short round, for a first look." };

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
        Description = "A document that also gets the summary and the charts, between <!-- benchmarks --> marks.",
    };

    public BenchCommand()
        : base("Compares the kqueue transport with Kestrel's Sockets on this machine.")
    {
        _scaling.Arity = ArgumentArity.ZeroOrMore;
        _summary.Validators.Add(RequireMarks);
        foreach (var option in new Option[]
            { _cases, _servers, _rounds, _seconds, _warmup, _quick, _scaling, _list, _output, _summary })
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
            ? new ScalingSession(options, NamesIn(result, _scaling)).RunAsync(cancellation)
            : new ComparisonSession(options).RunAsync(cancellation);
    }

    private BenchOptions OptionsOf(ParseResult result)
    {
        var isQuick = result.GetValue(_quick);
        return new BenchOptions(
            NamesIn(result, _cases),
            NamesIn(result, _servers),
            result.GetValue(_rounds) ?? (isQuick ? 1 : 3),
            TimeSpan.FromSeconds(result.GetValue(_seconds) ?? (isQuick ? 1 : 2)),
            TimeSpan.FromSeconds(result.GetValue(_warmup) ?? (isQuick ? 2 : 3)),
            result.GetValue(_output)!)
        {
            CommandLine = CommandLineOf(result),
            Summary = result.GetValue(_summary),
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
}
