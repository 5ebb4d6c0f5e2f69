// Runs the commands of every README as they are written, in a fresh clone:
//
//     dotnet run build/readme.cs              in a clone of what is committed, made for it
//     dotnet run build/readme.cs -- --here    in this tree, as CI does, which is a fresh clone already
//     dotnet run build/readme.cs -- --here samples/EchoServer/README.md
//
// A ```sh block is one session of a reader; each line of it is a command in a terminal of its own, from the root of the
// repository. What a comment behind a command says after "prints" has to come, and then the command may go on, as a
// server does, until the block ends. Without such a comment it has to end with 0. A line that ends with & is left
// alone. A block behind <!-- not run by build/readme: REASON --> is not run.

// Native code needs a package of the runtime that not every mirror has.
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

var root = Path.GetDirectoryName((string)AppContext.GetData("EntryPointFileDirectoryPath")!)!;
using var tree = args.Contains("--here") ? new Tree(root) : Tree.CloneOf(root);
var (commands, failures, skipped) = (0, 0, 0);
var named = args.Except(["--here"]).ToArray();
foreach (var block in (named.Length > 0 ? named : tree.Readmes).SelectMany(readme => Block.AllIn(tree.Folder, readme)))
{
    if (block.NotRunBecause is not null)
    {
        Console.WriteLine($"{block.Place}: not run: {block.NotRunBecause}");
        skipped++;
        continue;
    }

    commands += block.Commands.Count;
    failures += await new Session(tree.Folder).RunAsync(block);
}

Console.WriteLine($"{commands} commands, {failures} failed; {skipped} blocks not run");
return failures == 0 && commands > 0 ? 0 : 1;

/// <summary>The files that the commands are run on. A clone goes again at the end.</summary>
internal sealed class Tree(string folder, bool isClone = false) : IDisposable
{
    private static readonly string[] s_names = ["README.md", "CONTRIBUTING.md"];

    public string Folder => folder;

    public IEnumerable<string> Readmes => s_names
        .SelectMany(name => Directory.EnumerateFiles(folder, name, SearchOption.AllDirectories))
        .Select(file => Path.GetRelativePath(folder, file))
        .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or "artifacts" or "node_modules"))
        .Order(StringComparer.Ordinal);

    public static Tree CloneOf(string root)
    {
        var clone = Directory.CreateTempSubdirectory("readme-").FullName;
        using var git = Process.Start("git", ["clone", "--quiet", root, clone]);
        git.WaitForExit();
        return git.ExitCode == 0 ? new Tree(clone, isClone: true) : throw new InvalidOperationException("git failed");
    }

    public void Dispose()
    {
        if (isClone)
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>One line of a block, or several that backslashes join.</summary>
/// <param name="Text">What bash gets.</param>
/// <param name="Prints">What has to be among its output; null is nothing.</param>
/// <param name="IsLeftAlone">Whether it may run on without having printed anything.</param>
internal sealed partial record Command(string Text, string? Prints, bool IsLeftAlone)
{
    public static Command Parse(string line)
    {
        var comment = Comment().Match(line);
        var text = comment.Success ? line[..comment.Index] : line.TrimEnd();
        var prints = comment.Groups["prints"];
        return new Command(text.TrimEnd('&', ' '), prints.Success ? prints.Value : null, text.EndsWith('&'));
    }

    [GeneratedRegex(@"\s+# (prints (?<prints>.*\S))?.*$")]
    private static partial Regex Comment();
}

/// <summary>A block of commands in a README.</summary>
/// <param name="Place">File and line.</param>
/// <param name="NotRunBecause">The reason; null if it is to be run.</param>
/// <param name="Commands">Its commands.</param>
internal sealed partial record Block(string Place, string? NotRunBecause, IReadOnlyList<Command> Commands)
{
    public static IEnumerable<Block> AllIn(string folder, string readme)
    {
        var text = File.ReadAllText(Path.Combine(folder, readme));
        foreach (Match block in Fence().Matches(text))
        {
            var line = text.AsSpan(0, block.Groups["lines"].Index).Count('\n') + 1;
            var reason = block.Groups["reason"];
            yield return new Block(
                $"{readme}:{line}", reason.Success ? reason.Value : null, [.. CommandsOf(block.Groups["lines"].Value)]);
        }
    }

    private static IEnumerable<Command> CommandsOf(string lines) => Continuation().Replace(lines, " ")
        .Split('\n').Where(line => line.Trim().Length > 0 && !line.StartsWith('#')).Select(Command.Parse);

    [GeneratedRegex(
        @"^(<!-- not run by build/readme: (?<reason>.*?) -->\n+)?```sh\n(?<lines>.*?)```",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\s*\\\n\s*")]
    private static partial Regex Continuation();
}

/// <summary>Runs the commands of one block, one behind the other, and ends those that are still there.</summary>
internal sealed class Session(string folder)
{
    // The first command that builds a sample in a fresh clone takes longest.
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(4);

    private readonly List<Terminal> _terminals = [];

    /// <summary>Runs a block and returns how many commands failed; those behind a failed one are not run.</summary>
    public async Task<int> RunAsync(Block block)
    {
        try
        {
            foreach (var command in block.Commands)
            {
                var clock = Stopwatch.StartNew();
                var failure = await RunAsync(command);
                var result = failure is null ? "ok" : $"FAILED: {failure}";
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{block.Place}: {command.Text}: {result} ({clock.Elapsed.TotalSeconds:0.0} s)"));
                if (failure is not null)
                {
                    return 1;
                }
            }

            return 0;
        }
        finally
        {
            _terminals.ForEach(terminal => terminal.Dispose());
        }
    }

    private async Task<string?> RunAsync(Command command)
    {
        var terminal = new Terminal(folder, command.Text);
        _terminals.Add(terminal);
        using var timeout = new CancellationTokenSource(s_timeout);
        try
        {
            return command.IsLeftAlone ? null : await terminal.WaitAsync(command.Prints, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            return $"neither ended nor printed '{command.Prints}' in {s_timeout}\n{terminal.Output}";
        }
    }
}

/// <summary>A command as somebody at a terminal sees it, who does not type.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly Process _shell;
    private readonly StringBuilder _output = new(); // under its own lock: both readers write to it
    private readonly Task _readers;

    public Terminal(string folder, string command)
    {
        _shell = Process.Start(new ProcessStartInfo("bash", ["-c", command])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _readers = Task.WhenAll(ReadAsync(_shell.StandardOutput), ReadAsync(_shell.StandardError));
    }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Waits until it has printed a text, or until it ends. Null is success.</summary>
    public async Task<string?> WaitAsync(string? prints, CancellationToken timeout)
    {
        while (!_shell.HasExited)
        {
            if (Has(prints))
            {
                return null;
            }

            await Task.Delay(50, timeout);
        }

        // What it started in the background may hold its output open for longer.
        await Task.WhenAny(_readers, Task.Delay(TimeSpan.FromSeconds(2), timeout));
        return _shell.ExitCode != 0 ? $"ended with {_shell.ExitCode}\n{Output}"
            : prints is null || Has(prints) ? null
            : $"did not print '{prints}' but\n{Output}";
    }

    public void Dispose()
    {
        _shell.Kill(entireProcessTree: true);
        _shell.WaitForExit();
        _shell.Dispose();
    }

    private bool Has(string? prints) => prints is not null && Output.Contains(prints, StringComparison.Ordinal);

    private async Task ReadAsync(StreamReader reader)
    {
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            lock (_output)
            {
                _output.Append(buffer, 0, count);
            }
        }
    }
}
