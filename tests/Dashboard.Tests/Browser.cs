using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Playwright;

namespace Dashboard.Tests;

/// <summary>A Chromium of the system, without a window. Its pages' errors fail the test that asks for them.</summary>
internal sealed class Browser : IAsyncDisposable
{
    // Sums up how far things moved under the reader's eyes.
    private const string ObserveShifts =
        """
        globalThis.layoutShift = 0;
        new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => globalThis.layoutShift += value))
          .observe({ type: "layout-shift", buffered: true });
        """;

    // A browser on a busy machine takes its time.
    private const int TimeoutMs = 30_000;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly ConcurrentQueue<string> _errors = [];

    private Browser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Starts the one that CHROMIUM names, or the one in the path.</summary>
    public static async Task<Browser> StartAsync()
    {
        Assert.SkipWhen(
            RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal),
            "Playwright's driver is built for glibc.");
        var path = Environment.GetEnvironmentVariable("CHROMIUM") ?? Tool.Require("chromium", "chromium").Path;
        var playwright = await Playwright.CreateAsync();
        try
        {
            // Containers run as root, where Chromium's own sandbox does not start; it sees pages of the test only.
            return new Browser(playwright, await playwright.Chromium.LaunchAsync(
                new() { ExecutablePath = path, Args = ["--no-sandbox"], Headless = true }));
        }
        catch
        {
            playwright.Dispose();
            throw;
        }
    }

    public async Task<IPage> OpenAsync(
        Uri address, int width = 1280, int height = 800, ColorScheme colours = ColorScheme.Light, float scale = 1)
    {
        var page = await _browser.NewPageAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = colours,
            DeviceScaleFactor = scale,
        });
        page.SetDefaultTimeout(TimeoutMs);
        Assertions.SetDefaultExpectTimeout(TimeoutMs);
        page.Console += (_, message) => Note(message.Type is "error" or "warning", message.Text);
        page.PageError += (_, error) => Note(isError: true, error);
        page.Response += (_, response) => Note(response.Status >= 400, $"{response.Status} {response.Url}");
        await page.AddInitScriptAsync(ObserveShifts);
        await page.GotoAsync(address.ToString(), new() { WaitUntil = WaitUntilState.DOMContentLoaded });
        return page;
    }

    public void AssertNoErrors() => Assert.Empty(_errors);

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private void Note(bool isError, string text)
    {
        if (isError)
        {
            _errors.Enqueue(text);
        }
    }
}
