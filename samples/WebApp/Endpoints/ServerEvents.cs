using System.Runtime.CompilerServices;

namespace WebApp.Endpoints;

/// <summary>Server-sent events: a counter, without end unless asked for one; ends when the app stops.</summary>
internal static class ServerEvents
{
    private const int MaxMs = 60_000;

    public static void MapServerEvents(this WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping;
        app.MapGet("/events", (int? count, int? ms, CancellationToken aborted) => TypedResults.ServerSentEvents(
            TicksAsync(count ?? int.MaxValue, Math.Clamp(ms ?? 1000, 0, MaxMs), stopping, aborted), "tick"));
    }

    private static async IAsyncEnumerable<string> TicksAsync(
        int count, int ms, CancellationToken stopping, [EnumeratorCancellation] CancellationToken aborted)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted);
        for (var i = 1; i <= count && !ending.IsCancellationRequested; i++)
        {
            yield return $"{i}";
            await Task.Delay(ms, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
