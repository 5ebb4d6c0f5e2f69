// Repeats tests in processes of their own beside busy cores, and counts what fails: a table of their classes.
//
//     dotnet run build/repeat.cs                                      the edges of the transport, 200 times
//     dotnet run build/repeat.cs -- --rounds 20 Samples.Tests/*Proxy* KqueueTransport.Tests/*Stream*
//
// A class behind a minus is left out: KqueueTransport.Tests/-*.HandOver.* Names with an underscore are of tests.
// --rounds N, --busy N (threads that compute meanwhile: 2), --nice N (of those: 0), --at-once N (test programs: 1),
// --in FOLDER (with copies of what tests/*/bin/Release/net10.0 has, so that a build disturbs nothing: a folder for each
// project), --to FOLDER (for the output of each round that failed: artifacts/repeat).

// Native code needs a package of the runtime that not every mirror has.
#:property PublishAot=false

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Environment.CurrentDirectory = Path.GetDirectoryName((string)AppContext.GetData("EntryPointFileDirectoryPath")!)!;
var pairs = args.Chunk(2).TakeWhile(pair => pair[0].StartsWith("--", StringComparison.Ordinal)).ToArray();
var options = pairs.ToDictionary(pair => pair[0], pair => pair[^1]);
var named = args.Skip(2 * pairs.Length).ToArray();
var (rounds, busy, nice, atOnce) =
    (Number("--rounds", 200), Number("--busy", 2), Number("--nice", 0), Number("--at-once", 1));
var programs = (named.Length > 0 ? named : Edges.All).Select(name => name.Split('/'))
    .GroupBy(name => name[0], name => name[1])
    .Select(classes => new TestProgram(classes.Key, [.. classes], options.GetValueOrDefault("--in")))
    .ToArray();
var folder = Directory.CreateDirectory(options.GetValueOrDefault("--to", "artifacts/repeat")).FullName;
using var load = new Load(busy, nice);
var outcomes = new ConcurrentBag<Outcome>();
await Parallel.ForEachAsync(
    Enumerable.Range(1, rounds).SelectMany(round => programs.Select(program => (Round: round, Program: program))),
    new ParallelOptions { MaxDegreeOfParallelism = atOnce },
    async (next, _) =>
    {
        foreach (var outcome in await next.Program.RunAsync(next.Round, folder))
        {
            outcomes.Add(outcome);
        }

        await Table.WriteAsync(outcomes, folder);
    });
Console.Write(Table.Of(outcomes));
return outcomes.Any(outcome => outcome.Result == "Fail") || outcomes.IsEmpty ? 1 : 0;

int Number(string name, int otherwise) =>
    options.TryGetValue(name, out var value) ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

/// <summary>Who ends, errs, gives up or runs short: projects and classes.</summary>
internal static class Edges
{
    public static string[] All { get; } =
    [
        "KqueueTransport.IntegrationTests/*ClientEndTests",
        "KqueueTransport.IntegrationTests/*+HttpClient",
        "KqueueTransport.IntegrationTests/*+Threads",
        "KqueueTransport.IntegrationTests/*+DescriptorLimit",
        "KqueueTransport.IntegrationTests/*+ThreadLimit",
        "KqueueTransport.IntegrationTests/*+HeapLimit",
        "KqueueTransport.IntegrationTests/-*.OnPlayed*",
        "Samples.Tests/*ProxyTests.Clients_*",
        "Samples.Tests/*ProxyTests.Side_*",
        "Samples.Tests/*ProxyTests.Target_*",
        "KqueueTransport.Tests/*.Outbound.*",
        "KqueueTransport.Tests/*.Connections.Drain*",
        "KqueueTransport.Tests/*.Connections.LargeWrite*",
        "KqueueTransport.Tests/*.Connections.HalfClose*",
        "KqueueTransport.Tests/*.Connections.Linger*",
        "KqueueTransport.Tests/*.Connections.PendingOperation*",
        "KqueueTransport.Tests/*FaultTests",
        "KqueueTransport.Tests/*.Connections.Accept*",
        "KqueueTransport.Tests/*.Connections.DescriptorHeadroom*",
        "KqueueTransport.Tests/*.Connections.Concurrent*",
        "KqueueTransport.Tests/*.Sockets.SystemListen*",
        "KqueueTransport.Tests/*.Connections.Pause*",
        "KqueueTransport.Tests/*.Connections.EndPointOptions*",
        "KqueueTransport.Tests/*.Hosting.Registration*",
        "KqueueTransport.Tests/*UnfailingLoggerTests",
        "KqueueTransport.Tests/*IPv4PeerTests",
        "KqueueTransport.Tests/*ConnectionTests",
        "KqueueTransport.Tests/*ConnectionAbortTests",
        "KqueueTransport.Tests/*ConnectionClosedTests",
        "KqueueTransport.Tests/*PooledMemoryTests",
        "KqueueTransport.Tests/*EndTests",
        "KqueueTransport.Tests/*MisuseTests",
        "KqueueTransport.Tests/*ReadCancellationTests",
        "KqueueTransport.Tests/*AdvanceToTests",
        "KqueueTransport.Tests/*WriterMemoryTests",
        "KqueueTransport.Tests/-*.HandOver.*",
        "Kqueue.Tests/*.EventLoops.Group*",
        "Kqueue.Tests/*.EventLoops.EventLoopEventSource*",
        "Kqueue.Tests/*.EventLoops.LoopWatch*",
    ];
}

/// <summary>What became of one test in one round.</summary>
internal sealed record Outcome(string Class, string Test, string Result, double Seconds);

/// <summary>Threads that compute, each in a process that ends with this one.</summary>
internal sealed class Load : IDisposable
{
    private readonly Process[] _processes;

    public Load(int count, int nice) => _processes = [.. Enumerable.Range(0, count).Select(_ => Process.Start(
        "nice",
        [
            "-n", $"{nice}", "bash", "-c",
            $"while kill -0 {Environment.ProcessId}; do for ((i = 0; i < 100000; i++)); do :; done; done 2> /dev/null",
        ]))];

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            process.Dispose();
        }
    }
}

/// <summary>Classes of one project, in its own test program.</summary>
internal sealed class TestProgram(string project, string[] classes, string? folder)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);

    private string Path { get; } = System.IO.Path.GetFullPath(
        folder is null ? $"tests/{project}/bin/Release/net10.0/{project}" : $"{folder}/{project}/{project}");

    public async Task<IEnumerable<Outcome>> RunAsync(int round, string to)
    {
        var results = System.IO.Path.GetTempFileName();
        var start = new ProcessStartInfo(
            Path, ["-noColor", "-xml", results, .. classes.SelectMany(Filter)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["KQUEUE_NOTHING_LEFT"] = "1" },
        };
        using var process = Process.Start(start)!;
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var longest = new CancellationTokenSource(s_longest);
        try
        {
            await process.WaitForExitAsync(longest.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        if (process.HasExited && process.ExitCode == 0)
        {
            return AllIn(results);
        }

        await File.WriteAllLinesAsync(System.IO.Path.Combine(to, $"{project}-{round}.txt"), await output);
        var all = longest.IsCancellationRequested ? [] : AllIn(results).ToList();

        // What is no test's: a process that ends, or that finds at its end what a test has left.
        return all.Any(outcome => outcome.Result == "Fail")
            ? all
            : [.. all, new Outcome(project, longest.IsCancellationRequested ? "does not end" : "the end", "Fail", 0)];
    }

    private static string[] Filter(string name) =>
        name[0] == '-' ? ["-class-", name[1..]] : [name.Contains('_') ? "-method" : "-class", name];

    private static IEnumerable<Outcome> AllIn(string results)
    {
        var text = File.ReadAllText(results);
        File.Delete(results);
        return text.Length == 0 ? [] : XDocument.Parse(text).Descendants("test").Select(test => new Outcome(
            test.Attribute("type")!.Value,
            test.Attribute("name")!.Value,
            test.Attribute("result")!.Value,
            (double)test.Attribute("time")!));
    }
}

/// <summary>Classes by what became of their tests.</summary>
internal static class Table
{
    private static readonly SemaphoreSlim s_gate = new(1);

    public static async Task WriteAsync(IEnumerable<Outcome> outcomes, string folder)
    {
        await s_gate.WaitAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "table.md"), Of(outcomes));
        s_gate.Release();
    }

    public static string Of(IEnumerable<Outcome> outcomes)
    {
        var rows = outcomes.Where(outcome => outcome.Result is "Pass" or "Fail").GroupBy(outcome => outcome.Class)
            .OrderBy(all => all.Key, StringComparer.Ordinal).Select(RowOf);
        return $"""
            | class | tests | runs of each | failed | slowest |
            | --- | ---: | ---: | ---: | ---: |
            {string.Join(Environment.NewLine, rows)}

            """;
    }

    private static string RowOf(IGrouping<string, Outcome> all)
    {
        var tests = all.GroupBy(outcome => outcome.Test).ToArray();
        var failed = tests.Select(test => (test.Key, Count: test.Count(outcome => outcome.Result == "Fail")))
            .Where(test => test.Count > 0).Select(test => $"{test.Count} {test.Key}").ToArray();
        return $"| {all.Key} | {tests.Length} | {tests.Min(test => test.Count())} | " +
            $"{(failed.Length == 0 ? "0" : string.Join("; ", failed))} | {all.Max(outcome => outcome.Seconds):N1} s |";
    }
}
