namespace Dashboard.Tests;

/// <summary>samples/WebApp in a process of its own, and requests to it while the test wants them.</summary>
internal sealed class WatchedServer : IAsyncDisposable
{
    private readonly RunningProgram _program;
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _ending = new();
    private Task _load = Task.CompletedTask;

    private WatchedServer(RunningProgram program, Uri address)
    {
        _program = program;
        _client = new HttpClient { BaseAddress = address };
        Dashboard = new Uri(address, "dashboard");
    }

    public Uri Dashboard { get; }

    public static async Task<WatchedServer> StartAsync(params string[] arguments)
    {
        var program = RunningProgram.StartSample("WebApp", ["--port", "0", .. arguments]);

        // Before its start line it may say that a heartbeat of Kestrel was late.
        var line = await program.ReadLineWithAsync("://", TestContext.Current.CancellationToken);
        return new WatchedServer(program, new Uri(line.Split(' ')[0]));
    }

    /// <summary>
    /// Asks for these again and again until the end, each on a connection of its own, and for the first on one more
    /// that ends with its answer.
    /// </summary>
    /// <param name="paths">What to ask for.</param>
    /// <param name="pause">The pause after each answer, by the seconds since the begin.</param>
    public void Load(string[] paths, Func<double, TimeSpan> pause) =>
        _load = Task.WhenAll(
            [AskAsync(paths[0], pause, mustClose: true), .. paths.Select(path => AskAsync(path, pause))]);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _load;
        _client.Dispose();
        await _program.DisposeAsync();
        _ending.Dispose();
    }

    private async Task AskAsync(string path, Func<double, TimeSpan> pause, bool mustClose = false)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.ConnectionClose = mustClose;
                using var response = await _client.SendAsync(request, _ending.Token);
                response.EnsureSuccessStatusCode();
                await Task.Delay(pause(started.Elapsed.TotalSeconds), _ending.Token);
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested)
            {
                // The test is over.
            }
        }
    }
}
