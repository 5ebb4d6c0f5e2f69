using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using KqueueTransport;
using Microsoft.Extensions.Options;

namespace WebApp.Dashboard;

/// <summary>
/// A page that draws what the transport and the application do, and the samples that it draws: one each second, as
/// server-sent events.
/// </summary>
internal static class DashboardEndpoints
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    public static void MapDashboard(this WebApplication app, WebAppOptions options)
    {
        var loops = Transports.RunsOnLoops(options, app.Services)
            ? app.Services.GetRequiredService<IOptions<KqueueTransportOptions>>().Value.LoopCount
            : 0;
        var page = new PageFiles(Transports.Describe(options, app.Services), loops);
        app.MapGet("/dashboard", (HttpResponse response) => page.SendAsync(PageFiles.Start, response));
        app.MapGet("/dashboard/{**file}", (string file, HttpResponse response) => page.SendAsync(file, response));

        // The stream lasts for as long as somebody watches: its duration is nobody's latency.
        var stopping = app.Lifetime.ApplicationStopping;
        var meters = app.Services.GetRequiredService<IMeterFactory>();
        app.MapGet("/dashboard/samples", (CancellationToken aborted) => TypedResults.ServerSentEvents(
            SamplesAsync(meters, loops > 0, stopping, aborted))).DisableHttpMetrics();
    }

    // Each watcher measures for itself and stops with its request, so that a server that nobody watches pays nothing.
    private static async IAsyncEnumerable<Sample> SamplesAsync(
        IMeterFactory meters,
        bool hasLoops,
        CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken aborted)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted);
        using var sampler = new Sampler(meters, hasLoops);
        while (!ending.IsCancellationRequested)
        {
            yield return sampler.Take();
            await Task.Delay(s_interval, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
