using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace KqueueTransport.IntegrationTests.Processes;

/// <summary>samples/WebApp in a process of its own. Its build output lies beside the tests'.</summary>
internal sealed partial class WebAppProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private WebAppProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Gets the line that it printed when it was ready.</summary>
    public string StartLine { get; private set; } = "";

    /// <summary>Gets the HTTP endpoint, and then those that the environment added.</summary>
    public Uri[] Addresses => [.. Address().Matches(StartLine).Select(match => new Uri(match.Value))];

    public IPEndPoint Http => IPEndPoint.Parse(Addresses[0].Authority);

    /// <summary>Starts it and waits until it is ready.</summary>
    public static async Task<WebAppProcess> StartAsync(
        IEnumerable<string> arguments,
        CancellationToken deadline,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var app = new WebAppProcess(Start(arguments, environment));
        app.StartLine = await app._process.StandardOutput.ReadLineAsync(deadline)
            ?? throw new InvalidOperationException($"WebApp did not start: {await app._errors}");
        return app;
    }

    /// <summary>Runs it with arguments that it should refuse.</summary>
    public static async Task<FinishedProcess> RunAsync(IEnumerable<string> arguments, CancellationToken deadline)
    {
        await using var app = new WebAppProcess(Start(arguments, null));
        return await app.WaitForEndAsync(deadline);
    }

    /// <summary>Asks it to stop, as Ctrl+C or a service manager does.</summary>
    public void Signal(PosixSignal signal)
    {
        // The numbers are the same on Linux, macOS and FreeBSD.
        var number = signal == PosixSignal.SIGINT ? 2 : 15;
        Assert.Equal(0, Kill(_process.Id, number));
    }

    public async Task<FinishedProcess> WaitForEndAsync(CancellationToken deadline)
    {
        var output = await _process.StandardOutput.ReadToEndAsync(deadline);
        await _process.WaitForExitAsync(deadline);
        return new FinishedProcess(_process.ExitCode, output, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "WebApp"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);

    [GeneratedRegex(@"https?://[\d.]+:\d+")]
    private static partial Regex Address();
}
