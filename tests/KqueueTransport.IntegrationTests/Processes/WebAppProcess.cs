using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace KqueueTransport.IntegrationTests.Processes;

/// <summary>samples/WebApp in a process of its own.</summary>
internal sealed partial class WebAppProcess : IAsyncDisposable
{
    private readonly RunningProgram _program;

    private WebAppProcess(RunningProgram program) => _program = program;

    public int Id => _program.Id;

    /// <summary>Gets the line that it printed when it was ready.</summary>
    public string StartLine { get; private set; } = "";

    /// <summary>Gets the HTTP endpoint, and then those that the environment added.</summary>
    public Uri[] Addresses => [.. Address().Matches(StartLine).Select(match => new Uri(match.Value))];

    public IPEndPoint Http => IPEndPoint.Parse(Addresses[0].Authority);

    public IPEndPoint Echo => new(IPAddress.Loopback, PortOf("echo"));

    public IPEndPoint Hello => new(IPAddress.Loopback, PortOf("hello"));

    /// <summary>Starts it and waits until it is ready.</summary>
    public static async Task<WebAppProcess> StartAsync(
        IEnumerable<string> arguments,
        CancellationToken deadline,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var app = new WebAppProcess(RunningProgram.StartSample(
            "WebApp", arguments, environment ?? NamedLibrary.Environment));
        await app.WaitForStartAsync(deadline);
        return app;
    }

    /// <summary>Starts it by a line of bash that ends with <c>exec "$@"</c>.</summary>
    public static async Task<WebAppProcess> StartByAsync(
        string shell,
        IEnumerable<string> arguments,
        CancellationToken deadline,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var bash = Tool.Require("bash", "bash");
        var path = Path.Combine(AppContext.BaseDirectory, "WebApp");
        var app = new WebAppProcess(RunningProgram.Start(
            bash.Path, ["-c", shell, "bash", path, .. arguments], environment ?? NamedLibrary.Environment));
        await app.WaitForStartAsync(deadline);
        return app;
    }

    /// <summary>Runs it with arguments that it should refuse.</summary>
    public static async Task<FinishedProcess> RunAsync(
        IEnumerable<string> arguments,
        CancellationToken deadline,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var app = new WebAppProcess(RunningProgram.StartSample(
            "WebApp", arguments, environment ?? NamedLibrary.Environment));
        return await app.WaitForEndAsync(deadline);
    }

    /// <summary>Asks it to stop, as Ctrl+C or a service manager does.</summary>
    public void Signal(PosixSignal signal) => _program.Signal(signal);

    /// <summary>Ends it at once, wherever it is (SIGKILL).</summary>
    public void Kill() => _program.Kill();

    /// <summary>Reads lines of its standard output until one contains a text, and returns all of them.</summary>
    public Task<string> ReadLinesToAsync(string text, CancellationToken deadline) =>
        _program.ReadLinesToAsync(text, deadline);

    public async Task<FinishedProcess> WaitForEndAsync(CancellationToken deadline)
    {
        var end = await _program.WaitForEndAsync(deadline);
        return end with { Output = LateHeartbeat().Replace(end.Output, "") };
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    private async Task WaitForStartAsync(CancellationToken deadline)
    {
        StartLine = LateHeartbeat().Replace(await _program.ReadLinesToAsync("://", deadline), "").TrimEnd();
        Assert.DoesNotContain("\n", StartLine, StringComparison.Ordinal);
    }

    private int PortOf(string name) =>
        int.Parse(Regex.Match(StartLine, $@"{name} on (\d+)").Groups[1].ValueSpan, provider: null);

    [GeneratedRegex(@"https?://[\d.]+:\d+")]
    private static partial Regex Address();

    // Kestrel warns of a thread of its own that got no core for a second, which is not the app's to help.
    [GeneratedRegex(@"warn: Microsoft\.AspNetCore\.Server\.Kestrel\[22\]\n.*\n")]
    private static partial Regex LateHeartbeat();
}
