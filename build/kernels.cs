// Runs the suites that are the same on every kernel, and writes how many tests passed, failed and were skipped on
// which, from the result files (.trx): one table of suites by kernels in a page of its own, and its last row in README.
//
//     dotnet run build/kernels.cs                                       runs all, on this system, and writes both
//     dotnet run build/kernels.cs -- --library libkqueue.so.0 --layout libkqueue      and on that library's kernel
//     dotnet run build/kernels.cs -- --results FOLDER                   prints the table of what has run, as in CI
//     dotnet run build/kernels.cs -- --results FOLDER --to tests/kernels.md      writes both from what has run
//     dotnet run build/kernels.cs -- --platforms FOLDER                 prints all that ran, by the folders in it

// Native code needs a package of the runtime that not every mirror has.
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

Environment.CurrentDirectory = Path.GetDirectoryName((string)AppContext.GetData("EntryPointFileDirectoryPath")!)!;
var given = args.Chunk(2).ToDictionary(pair => pair[0], pair => pair[^1]);
if (given.TryGetValue("--platforms", out var platforms))
{
    var all = new Table(Directory.GetDirectories(platforms).SelectMany(Outcome.AllOfSystem));
    Console.Write(all.Summary("system"));
    return all.Failed == 0 ? 0 : 1;
}

var hasRun = given.TryGetValue("--results", out var folder);
folder ??= Directory.CreateTempSubdirectory("kernels-").FullName;
if (!hasRun)
{
    Tests.Run(folder, Kernels.Suites, []);
}

var outcomes = Outcome.AllIn(folder, Kernels.OfSystem()).ToList();
if (given.TryGetValue("--library", out var library))
{
    var named = Path.Combine(folder, "library");
    Tests.Run(named, Kernels.SuitesOfLibrary, new()
    {
        ["KQUEUE_LIBRARY"] = library,
        ["KQUEUE_PREFIX"] = given.GetValueOrDefault("--prefix", ""),
        ["KQUEUE_LAYOUT"] = given.GetValueOrDefault("--layout", ""),
    });
    outcomes.AddRange(Outcome.AllIn(named, library));
}

var table = new Table(outcomes);
var text = $"""
    # Suites over kernels

    Tests that passed · failed · were skipped, on {DateTime.UtcNow:yyyy-MM-dd},
    {RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}. *Played* is another system's kernel in C#:
    `struct kevent`, constants, layouts and error numbers are that system's, from its headers, and the work is done by
    this one's epoll and sockets. So it shows what is said to a kernel and how its answers are read, not what that
    kernel does by itself. *libkqueue itself* is the library that `.ci/install-tools` installs where Debian has it: it
    takes READ or WRITE of a descriptor and not both, so the transport refuses it at the start and has no suite on it.
    Its sockets are Linux's. Written from the results of a whole run of the tests (`TEST_RESULTS`) by

    <!-- not run by build/readme: needs those results -->
    ```sh
    TEST_RESULTS=artifacts/results .ci/run
    dotnet run build/kernels.cs -- --results artifacts/results --to tests/kernels.md
    ```

    The played kernels have the default mode, `Adaptive`; Linux has all three, and alone the frameworks, security,
    survival and benchmarks. Without `--results` the command runs what the played kernels have too, and writes that.


    """ + table.ToMarkdown();
const string Page = "tests/kernels.md";
var to = given.GetValueOrDefault("--to", hasRun ? "" : Page);
if (to.Length == 0)
{
    Console.Write(text);
}
else
{
    File.WriteAllText(to, text);
    if (to == Page)
    {
        Readme.Write(table.Summary("kernel"));
    }
}

Console.Error.WriteLine($"{outcomes.Count} tests, {table.Failed} failed");
return table.Failed == 0 && outcomes.Count > 0 ? 0 : 1;

/// <summary>Which tests run on which kernel, by the names of their classes.</summary>
internal static partial class Kernels
{
    /// <summary>The project and the classes, as the filter of <c>dotnet test</c> takes them.</summary>
    public static (string Project, string Filter)[] Suites { get; } =
    [
        ("Kqueue.Tests", "FullyQualifiedName~KernelQueueTests|FullyQualifiedName~EventLoopTests"),
        ("KqueueTransport.Tests", "FullyQualifiedName~SocketCallsTests"),
        ("KqueueTransport.IntegrationTests", "FullyQualifiedName~.OnKqueueAdaptive|FullyQualifiedName~.OnPlayed|" +
            "FullyQualifiedName~.OnTwoLoops+Blocking|FullyQualifiedName~.OnTwoLoops+Transfers"),
    ];

    /// <summary>Those that KQUEUE_LIBRARY puts on another kernel.</summary>
    public static (string Project, string Filter)[] SuitesOfLibrary { get; } =
    [
        ("Kqueue.Tests", "FullyQualifiedName~.SystemKernelQueueTests|FullyQualifiedName~.SystemEventLoopTests"),
        ("KqueueTransport.Tests", "FullyQualifiedName~.LibrarySocketCallsTests"),
        ("KqueueTransport.IntegrationTests", "FullyQualifiedName~.OnKqueueAdaptive"),
    ];

    public static string OfSystem() =>
        OperatingSystem.IsMacOS() ? "macOS" : OperatingSystem.IsFreeBSD() ? "FreeBSD" : "Linux, epoll";

    /// <summary>The kernel and the suite of a class; null where a class is about none.</summary>
    public static (string Kernel, string Suite)? Of(string className, string system)
    {
        var name = Class().Match(className);
        var suite = name.Groups["contract"].Value switch
        {
            "KernelQueue" => "`kevent` contract",
            "EventLoop" => "event loops contract",
            "SocketCalls" => "socket calls contract",
            _ => name.Groups["suite"].Value,
        };
        return !name.Success ? null : (name.Groups["kernel"].Value switch
        {
            "Darwin" => "macOS, played",
            "FreeBsd" => "FreeBSD, played",
            "NetBsd" => "NetBSD, played",
            "Libkqueue" => "libkqueue, played",
            "InstalledLibkqueue" => "libkqueue itself",
            _ => system,
        }, suite);
    }

    [GeneratedRegex(
        @"\.(?<kernel>System|Library|Darwin|FreeBsd|NetBsd|(Installed)?Libkqueue)" +
        @"(?<contract>KernelQueue|EventLoop|SocketCalls)Tests$|" +
        @"\.On(Kqueue|Played|(?=TwoLoops))(?<kernel>\w+)\+(?<suite>\w+)$")]
    private static partial Regex Class();
}

/// <summary>What became of one test.</summary>
internal sealed record Outcome(string Kernel, string Suite, string Result, string Reason)
{
    public static IEnumerable<Outcome> AllIn(string folder, string system) =>
        AllIn(folder, SearchOption.TopDirectoryOnly, className => Kernels.Of(className, system));

    /// <summary>All that ran on a system, whose name the folder has.</summary>
    public static IEnumerable<Outcome> AllOfSystem(string folder) =>
        AllIn(folder, SearchOption.AllDirectories, className => (Path.GetFileName(folder), className));

    private static IEnumerable<Outcome> AllIn(
        string folder, SearchOption depth, Func<string, (string Kernel, string Suite)?> placeOf) =>
        Directory.EnumerateFiles(folder, "*.trx", depth).SelectMany(file => AllIn(XDocument.Load(file), placeOf));

    private static IEnumerable<Outcome> AllIn(
        XDocument results, Func<string, (string Kernel, string Suite)?> placeOf)
    {
        var xmlns = results.Root!.Name.Namespace;
        var classes = results.Descendants(xmlns + "UnitTest").ToDictionary(
            test => test.Attribute("id")!.Value,
            test => test.Element(xmlns + "TestMethod")!.Attribute("className")!.Value);
        foreach (var result in results.Descendants(xmlns + "UnitTestResult"))
        {
            if (placeOf(classes[result.Attribute("testId")!.Value]) is { } place)
            {
                yield return new Outcome(
                    place.Kernel,
                    place.Suite,
                    result.Attribute("outcome")!.Value,
                    result.Element(xmlns + "Output")?.Value.Trim() ?? "");
            }
        }
    }
}

/// <summary>Suites by kernels.</summary>
internal sealed class Table(IReadOnlyCollection<Outcome> outcomes)
{
    private static readonly string[] s_order = ["Passed", "Failed", "NotExecuted"];

    public Table(IEnumerable<Outcome> outcomes)
        : this([.. outcomes])
    {
    }

    public int Failed { get; } = outcomes.Count(outcome => outcome.Result == "Failed");

    public string ToMarkdown()
    {
        var kernels = outcomes.Select(outcome => outcome.Kernel).Distinct().Order(StringComparer.Ordinal).ToArray();
        var suites = outcomes.Select(outcome => outcome.Suite).Distinct().Order(StringComparer.Ordinal).ToArray();
        var text = new StringBuilder()
            .AppendLine(Row("suite", kernels)).AppendLine(Row("---", kernels.Select(_ => "---:")));
        foreach (var suite in suites)
        {
            text.AppendLine(Row(suite, kernels.Select(kernel => Cell(
                outcomes.Where(outcome => outcome.Suite == suite && outcome.Kernel == kernel)))));
        }

        text.AppendLine(Row("all", kernels.Select(
            kernel => Cell(outcomes.Where(outcome => outcome.Kernel == kernel)))));
        text.AppendLine().AppendLine("| skipped | on | because |").AppendLine("| ---: | --- | --- |");
        foreach (var skipped in outcomes.Where(outcome => outcome.Result == "NotExecuted")
            .GroupBy(outcome => (outcome.Kernel, outcome.Reason)).OrderBy(group => group.Key))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture, $"| {skipped.Count()} | {skipped.Key.Kernel} | {skipped.Key.Reason} |");
        }

        return text.ToString();
    }

    /// <summary>The kernels, or what else there is a row for, each with what it did in all.</summary>
    public string Summary(string what)
    {
        var text = new StringBuilder().AppendLine(Row(what, ["tests passed", "failed", "skipped"]))
            .AppendLine("| --- | ---: | ---: | ---: |");
        foreach (var kernel in outcomes.GroupBy(outcome => outcome.Kernel).OrderBy(all => all.Key))
        {
            text.AppendLine(Row(kernel.Key, s_order.Select(result => kernel
                .Count(outcome => outcome.Result == result).ToString(CultureInfo.InvariantCulture))));
        }

        return text.ToString();
    }

    private static string Row(string first, IEnumerable<string> cells) => $"| {first} | {string.Join(" | ", cells)} |";

    private static string Cell(IEnumerable<Outcome> outcomes)
    {
        var all = outcomes.ToArray();
        return all.Length == 0 ? "" : string.Join(
            " · ", s_order.Select(result => all.Count(outcome => outcome.Result == result)));
    }
}

/// <summary>The table of platforms.</summary>
internal static class Readme
{
    private const string File = "README.md";
    private const string Begin = "<!-- kernels -->\n";
    private const string End = "<!-- /kernels -->";

    public static void Write(string table)
    {
        var text = System.IO.File.ReadAllText(File);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End));
        System.IO.File.WriteAllText(File, text[..begin] + table + text[end..]);
    }
}

/// <summary>The test projects, built and run one after the other.</summary>
internal static class Tests
{
    public static void Run(
        string folder, (string Project, string Filter)[] suites, Dictionary<string, string> environment)
    {
        foreach (var (project, filter) in suites)
        {
            var start = new ProcessStartInfo(
                "dotnet", ["test", "-c", "Release", $"tests/{project}", "--filter", filter]);
            start.Environment["TEST_RESULTS"] = folder; // tests/Directory.Build.props sends the results there.
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }

            using var process = Process.Start(start)!;
            process.WaitForExit(); // Failed tests are in the results, and so in the table.
        }
    }
}
