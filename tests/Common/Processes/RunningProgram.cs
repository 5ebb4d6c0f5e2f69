using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Common.Processes;

/// <summary>
/// A program in a process of its own that a test talks to while it runs. It is killed at the end at the latest.
/// </summary>
internal sealed partial class RunningProgram : IAsyncDisposable
{
    private const string PublishedSamples = "KQUEUE_PUBLISHED_SAMPLES";

    private readonly Process _process;
    private readonly Task<string> _errors;

    private RunningProgram(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        Input.AutoFlush = true;
    }

    public int Id => _process.Id;

    /// <summary>What the program reads as its standard input; dispose it to end that.</summary>
    public StreamWriter Input => _process.StandardInput;

    /// <summary>
    /// Starts a sample: what build/publish-aot has published of it, or the program whose build output lies beside the
    /// tests'.
    /// </summary>
    public static RunningProgram StartSample(
        string name, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var published = Path.Combine(Environment.GetEnvironmentVariable(PublishedSamples) ?? "", name, name);
        return Start(
            File.Exists(published) ? published : Path.Combine(AppContext.BaseDirectory, name), arguments, environment);
    }

    /// <summary>Starts a program by its path.</summary>
    public static RunningProgram Start(
        string path, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(path, arguments);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new RunningProgram(start);
    }

    /// <summary>The next line that it prints on its standard output.</summary>
    public async Task<string> ReadLineAsync(CancellationToken deadline) =>
        await _process.StandardOutput.ReadLineAsync(deadline)
            ?? throw new InvalidOperationException($"The program prints nothing more; its errors: {await _errors}");

    /// <summary>Reads lines until one contains a text, and returns that one.</summary>
    public async Task<string> ReadLineWithAsync(string text, CancellationToken deadline)
    {
        while (true)
        {
            var line = await ReadLineAsync(deadline);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }

    /// <summary>Reads lines until one contains a text, and returns all of them.</summary>
    public async Task<string> ReadLinesToAsync(string text, CancellationToken deadline)
    {
        var lines = new StringBuilder();
        string line;
        do
        {
            line = await ReadLineAsync(deadline);
            lines.AppendLine(line);
        }
        while (!line.Contains(text, StringComparison.Ordinal));

        return lines.ToString();
    }

    /// <summary>Asks it to stop, as Ctrl+C or a service manager does.</summary>
    public void Signal(PosixSignal signal)
    {
        // The numbers are the same on Linux, macOS and FreeBSD.
        var number = signal == PosixSignal.SIGINT ? 2 : 15;
        Assert.Equal(0, Kill(_process.Id, number));
    }

    /// <summary>Ends it at once, wherever it is (SIGKILL).</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits until it ends by itself. The output is what no line was read of.</summary>
    public async Task<FinishedProcess> WaitForEndAsync(CancellationToken deadline)
    {
        var output = await _process.StandardOutput.ReadToEndAsync(deadline);
        await _process.WaitForExitAsync(deadline);
        return new FinishedProcess(_process.ExitCode, output, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process.HasExited && _process.ExitCode != 0)
        {
            // The cause of whatever the test is about to fail with.
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{_process.StartInfo.FileName} ended with {_process.ExitCode}: {await _errors}");
        }

        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
