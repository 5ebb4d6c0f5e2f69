using Microsoft.Playwright;

namespace Dashboard.Tests;

/// <summary>The pictures for the documentation. They are taken by a command only, which CONTRIBUTING has.</summary>
public sealed class ScreenshotTests
{
    // As high as the whole page is, where three cards stand side by side.
    private const int Height = 1_112;

    private static readonly string[] s_paths =
        [.. Enumerable.Repeat("/plaintext", 24), .. Enumerable.Repeat("/delay?ms=3", 8), "/block?ms=15", "/big"];

    [Fact(Explicit = true)]
    public async Task Screenshots_TwoMinutesOfLoad_AreWritten()
    {
        var folder = Environment.GetEnvironmentVariable("SCREENSHOTS");
        Assert.False(string.IsNullOrEmpty(folder), "Name the folder for the pictures in SCREENSHOTS.");
        await using var browser = await Browser.StartAsync();
        await using var server = await WatchedServer.StartAsync("--loops", "2");
        var pages = new Dictionary<string, IPage>
        {
            ["dashboard-light"] = await browser.OpenAsync(server.Dashboard, height: Height),
            ["dashboard-dark"] = await browser.OpenAsync(server.Dashboard, height: Height, colours: ColorScheme.Dark),
            ["dashboard-phone"] = await browser.OpenAsync(server.Dashboard, 390, 844, ColorScheme.Dark, scale: 2),
        };

        // Waves, so that there is something to see.
        server.Load(s_paths, seconds => TimeSpan.FromMilliseconds(20 + (14 * Math.Sin(seconds / 6))));
        await Task.Delay(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        foreach (var (name, page) in pages)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
        }

        browser.AssertNoErrors();
    }
}
