namespace WebApp.Endpoints;

/// <summary>Slow handlers: one that blocks its thread, one that awaits.</summary>
internal static class Pauses
{
    private const int MaxMs = 60_000;

    public static void MapPauses(this WebApplication app)
    {
        app.MapGet("/block", (int? ms) =>
        {
            Thread.Sleep(Math.Clamp(ms ?? 20, 0, MaxMs));
            return "blocked";
        });
        app.MapGet("/delay", async (int? ms, CancellationToken aborted) =>
        {
            await Task.Delay(Math.Clamp(ms ?? 100, 0, MaxMs), aborted);
            return "delayed";
        });
    }
}
