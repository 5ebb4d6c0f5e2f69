// Measures what half and double of each tuned constant do, with build/workloads.cs, and writes
// src/KqueueTransport/docs/constants.md. The source is built once, in a scratch clone in which a variable of the
// environment, by the constant's name, is a factor of it.
//
//     dotnet run build/constants.cs                         all, and writes the page: some minutes
//     dotnet run build/constants.cs -- LooksMin BlocksPerReceiveMax    prints those, as they would stand there

// Native code needs a package of the runtime that not every mirror has.
#:property PublishAot=false

using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

Environment.CurrentDirectory = Path.GetDirectoryName((string)AppContext.GetData("EntryPointFileDirectoryPath")!)!;
var chosen = Constant.All.Where(constant => args is [] || args.Any(constant.Name.EndsWith)).ToList();
using var scratch = new Scratch();
var text = new StringBuilder();

// Those that do nothing but wait run beside the others, which run one after the other.
var waiting = chosen.Where(constant => constant.Waits).ToDictionary(constant => constant, scratch.MeasureAsync);
foreach (var constant in chosen)
{
    var section = await (waiting.TryGetValue(constant, out var begun) ? begun : scratch.MeasureAsync(constant));
    Console.WriteLine(section);
    text.AppendLine().Append(section);
}

if (args is [])
{
    Page.Write(text.ToString());
}

/// <summary>A number that somebody has chosen, and why it is not half or twice as much.</summary>
internal sealed record Constant(string Name, string File, string Trades, bool Waits = false)
{
    private const string Loops = "Kqueue/EventLoops";
    private const string Connections = "KqueueTransport/Connections";

    public static Constant[] All { get; } =
    [
        new("EventLoopGroupOptions.DefaultWatchPeriod", $"{Loops}/EventLoopGroupOptions.cs",
            "How soon a loop is taken from a handler that blocks. Less wakes the watch more often while loops work. " +
            "What a handler may take that was quick, and must have slept or run to be judged, follow from it."),
        new("LoopWatch.LooksMin", $"{Loops}/Driving/LoopWatch.cs",
            "Looks before the watch parks, and before a handler that is not back is told what it does. More costs " +
            "wakes for a lone request; fewer makes many requests wake a watch that has parked."),
        new("LoopThreads.DefaultStandbyTime", $"{Loops}/Threads/LoopThreads.cs",
            "How long the threads of a burst of blocking handlers are kept. Less has the next burst make them again.",
            Waits: true),
        new("WaitSpin.s_sleepCost", $"{Loops}/Driving/WaitSpin.cs",
            "How long a loop asks for events before it sleeps, and what all of its waits of late must have been " +
            "shorter than, for each of their events. Less has it sleep between the requests of a peer that answers " +
            "at once; more takes processor time in vain where they come at random."),
        new("EventLoop.s_batchMax", $"{Loops}/EventLoop.Driving.cs",
            "How long handlers run before the sends that they have put off do. More sends together; the first waits " +
            "for them."),
        new("Times.Retry", "KqueueTransport/Times.cs",
            "How soon an end of a shortage is noticed that the kernel tells nobody of. Less costs attempts until " +
            "then: descriptors, memory for sends, a Unix listener's backlog, accepts in a second."),
        new("Times.LastRequests", "KqueueTransport/Times.cs",
            "How long connections that were accepted last have to bring their requests before a server stops. More " +
            "makes a stop as much longer where a handler never reads; a hand-over overlaps for as long.",
            Waits: true),
        new("Times.Patience", "KqueueTransport/Times.cs",
            "How long a peer is left in the kernel's queue where there is no descriptor, before it is reset and can " +
            "go elsewhere; and a successor waits for its predecessor.",
            Waits: true),
        new("Predecessor.s_greetingTime", "KqueueTransport/HandOver/Predecessor.cs",
            "How long whoever listens at the hand-over path may be silent before a server starts without it. Less " +
            "gives up on a predecessor whose threads are all busy; more holds up a start for something else at the " +
            "path.",
            Waits: true),
        new("ConnectionReader.s_lastRequestTime", $"{Connections}/Input/ConnectionReader.Awaiting.cs",
            "How long an idle connection has for a request that is on its way. More makes a stop as much longer.",
            Waits: true),
        new("Episode.Quiet", "KqueueTransport/Diagnostics/Episode.cs",
            "The time without it that makes a shortage, a limit or blocking handlers worth a new warning."),
        new("SocketCalls.DescriptorShares", "KqueueTransport/Sockets/SocketCalls.cs",
            "One part in so many of the descriptors is left to files and threads, and as many connections may wait " +
            "for their peers' ends. A smaller part is more connections."),
        new("AcceptBudget.HeadroomMax", $"{Connections}/Accepting/AcceptBudget.cs",
            "The most of that share, where the limit is high."),
        new("HandlerPlacement.BlocksMax", $"{Connections}/Placement/HandlerPlacement.cs",
            "Handlers of an endpoint that may hold loops up in a second before its new connections give the loop " +
            "away. More makes others wait for more of them; fewer takes the loop from new connections because of " +
            "some."),
        new("HandlerPlacement.s_absence", $"{Connections}/Placement/HandlerPlacement.cs",
            "How long that lasts after the last one that blocks, and the time in which they are counted."),
        new("HandlerPlacement.QuickNeeded", $"{Connections}/Placement/HandlerPlacement.cs",
            "Quick requests after which a connection that has blocked is on the loop again. Fewer holds loops up " +
            "more often; more keeps requests away from the loop."),
        new("PinnedBlocks.CountMax", "KqueueTransport/Sockets/PinnedBlocks.cs",
            "The most blocks that one send or receive hands to the kernel. More saves calls; each costs 40 bytes of " +
            "stack. What goes in a row before a loop serves others is one call's worth of the usual blocks."),
        new("InputBuffer.BlocksPerReceiveMax", $"{Connections}/Input/InputBuffer.cs",
            "The most blocks that one receive fills. More saves receives of an upload, and rents blocks that stay " +
            "empty."),
        new("SpareSegments.CountMax", $"{Connections}/Buffers/SpareSegments.cs",
            "The objects that blocks hang on, which a loop keeps for the next burst. More saves what a burst " +
            "allocates; each costs 104 bytes of the loop's."),
        new("OutputBuffer.BlockBytesMax", $"{Connections}/Output/OutputBuffer.cs",
            "The largest block for output. More saves blocks and sends; a connection that has sent half of one " +
            "holds all of it."),
    ];

    // In a pattern it has to be known at compile time.
    public bool MustBuild => Short == "QuickNeeded";

    public string Short => Name.Split('.')[^1];

    /// <summary>The declaration: its type, and what it is set to.</summary>
    public Regex Declaration => new(
        $@"\b(?<const>const|static readonly) (?<type>\w+) {Short} = (?<value>[^;]+);", RegexOptions.None);

    /// <summary>As the source has it.</summary>
    public string ValueIn(string folder) =>
        Declaration.Match(System.IO.File.ReadAllText(Path.Combine(folder, "src", File))).Groups["value"].Value;
}

/// <summary>A clone of what is committed, in which every constant has a factor.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("constants-").FullName;

    public Scratch()
    {
        Run("git", "clone", "-q", ".", _folder);
        foreach (var constant in Constant.All.Where(constant => !constant.MustBuild))
        {
            Rewrite(constant.File, text => constant.Declaration.Replace(
                text,
                match => $"static readonly {match.Groups["type"]} {constant.Short} = ({match.Groups["type"]})" +
                    $"(({match.Groups["value"]}) * double.Parse(System.Environment.GetEnvironmentVariable(" +
                    $"\"{constant.Name}\") ?? \"1\"));"));
        }

        // What is derived from them.
        foreach (var file in Directory.GetFiles(Path.Combine(_folder, "src"), "*.cs", SearchOption.AllDirectories))
        {
            Rewrite(file, text => Regex.Replace(
                text.Replace("[InlineArray(CountMax)]", "[InlineArray(128)]"),
                @"const (\w+ \w+ = [^;]*\b(CountMax|BlockBytesMax)\b)", "static readonly $1"));
        }

        Build("1");
    }

    public async Task<string> MeasureAsync(Constant constant)
    {
        string[] factors = ["0.5", "1", "2"];
        List<string[][]> runs = [];
        if (constant.Waits)
        {
            runs.AddRange(await Task.WhenAll(factors.Select(factor => LinesOfAsync(constant, factor))));
        }
        else
        {
            foreach (var factor in factors)
            {
                runs.Add(await LinesOfAsync(constant, factor));
            }
        }

        var (name, value) = (Path.GetFileName(constant.File), constant.ValueIn("."));
        var text = new StringBuilder()
            .AppendLine($"### `{constant.Name}` = `{value}`").AppendLine()
            .AppendLine($"[{name}](../../{constant.File}). {constant.Trades}").AppendLine()
            .AppendLine("| measured | half | as it is | double |")
            .AppendLine("| --- | ---: | ---: | ---: |");
        for (var i = 0; i < runs[1].Length; i++)
        {
            text.AppendLine($"| {runs[1][i][0]} | {string.Join(" | ", runs.Select(run => run[i][1]))} |");
        }

        return text.ToString();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<string[][]> LinesOfAsync(Constant constant, string factor)
    {
        var build = constant.MustBuild ? factor : "1";
        if (build != "1")
        {
            var value = double.Parse(constant.ValueIn(".")) * double.Parse(factor);
            Rewrite(constant.File, text => constant.Declaration.Replace(
                text, match => $"const {match.Groups["type"]} {constant.Short} = {value};"));
            Build(build);
        }

        var start = new ProcessStartInfo(Path.Combine(_folder, "out", build, "workloads"), constant.Name)
        {
            RedirectStandardOutput = true,
            Environment = { [constant.Name] = factor },
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))]
            : throw new InvalidOperationException($"{constant.Name} x {factor}: {output}");
    }

    private void Build(string output) => Run(
        "dotnet", "build", Path.Combine(_folder, "build", "workloads.cs"), "-v", "q", "--nologo", "-c", "Release",
        "-o", Path.Combine(_folder, "out", output), "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false");

    private void Rewrite(string file, Func<string, string> rewrite)
    {
        var path = Path.Combine(_folder, "src", file);
        var text = File.ReadAllText(path);
        var rewritten = rewrite(text);
        if (rewritten != text)
        {
            File.WriteAllText(path, rewritten);
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} has failed.");
        }
    }
}

/// <summary>The page: what is between the marks is measured.</summary>
internal static class Page
{
    private const string File = "src/KqueueTransport/docs/constants.md";
    private const string Begin = "<!-- measured -->\n";
    private const string End = "<!-- /measured -->";

    public static void Write(string sections)
    {
        var text = System.IO.File.ReadAllText(File);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End));
        System.IO.File.WriteAllText(File, text[..begin] + sections + "\n" + text[end..]);
    }
}
