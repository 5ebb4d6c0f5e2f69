using Bench.Tools;

namespace Bench.Loads;

/// <summary>Loads that go on until they are disposed of.</summary>
internal sealed class LastingLoads : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Task _all;

    /// <summary>Begins.</summary>
    /// <param name="loads">What goes on.</param>
    /// <param name="tools">What makes it.</param>
    /// <param name="longest">When it ends all the same.</param>
    public LastingLoads(IEnumerable<Load> loads, LoadTools tools, TimeSpan longest) =>
        _all = Task.WhenAll(loads.Select(load => load.RunAsync(tools, longest, _end.Token)));

    /// <exception cref="ToolException">One of them failed.</exception>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        try
        {
            await _all;
        }
        catch (OperationCanceledException)
        {
            // As it was asked to.
        }

        _end.Dispose();
    }
}
