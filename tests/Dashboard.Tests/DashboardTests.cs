using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dashboard.Tests;

/// <summary>The dashboard of samples/WebApp in a real browser, with the transport itself under it.</summary>
public sealed class DashboardTests : IAsyncDisposable
{
    private static readonly string[] s_paths = ["/plaintext", "/json", "/plaintext", "/block?ms=20"];

    private Browser? _browser;
    private WatchedServer? _server;

    public async ValueTask DisposeAsync()
    {
        await (_browser?.DisposeAsync() ?? default);
        await (_server?.DisposeAsync() ?? default);
    }

    [Fact]
    public async Task Page_UnderLoad_EveryCardMoves()
    {
        var (browser, server) = await StartAsync("--loops", "2");
        var page = await browser.OpenAsync(server.Dashboard);
        await Expect(page.Locator("#state")).ToHaveTextAsync("Live");
        await Expect(page.Locator(".card")).ToHaveCountAsync(9);

        server.Load(s_paths, _ => TimeSpan.FromMilliseconds(5));

        await ExpectAboveAsync(page, "requests", 20);
        await ExpectAboveAsync(page, "handler-time", 0);
        await ExpectAboveAsync(page, "connections", s_paths.Length);
        await ExpectAboveAsync(page, "loop-utilisation", 0);
        await ExpectAboveAsync(page, "queue-delay", 0);
        await ExpectAboveAsync(page, "hand-overs", 0);
        await ExpectAboveAsync(page, "throughput", 0);
        await ExpectAboveAsync(page, "round-trip", 0);
        await ExpectAboveAsync(page, "delivery-rate", 0);
        await Expect(page.Locator("#round-trip .legend li")).ToHaveCountAsync(3);
        await Expect(page.Locator("#loop-utilisation .legend li")).ToHaveCountAsync(2);
        browser.AssertNoErrors();
    }

    [Fact]
    public async Task Page_OnKestrelsSockets_SaysThatLoopsDoNotApply()
    {
        var (browser, server) = await StartAsync("--transport", "sockets");
        var page = await browser.OpenAsync(server.Dashboard);

        await Expect(page.Locator("#no-loops")).ToBeVisibleAsync();
        await Expect(page.Locator(".transport")).ToContainTextAsync("Kestrel's Sockets");
        await Expect(page.Locator(".card")).ToHaveCountAsync(3);
        server.Load(s_paths, _ => TimeSpan.FromMilliseconds(5));

        await ExpectAboveAsync(page, "requests", 20);
        await ExpectAboveAsync(page, "connections", s_paths.Length);
        browser.AssertNoErrors();
    }

    [Theory]
    [InlineData(390, 844, ColorScheme.Light)]
    [InlineData(390, 844, ColorScheme.Dark)]
    [InlineData(1280, 800, ColorScheme.Dark)]
    public async Task Page_AnyScreen_FitsAndDoesNotShift(int width, int height, ColorScheme colours)
    {
        var (browser, server) = await StartAsync("--loops", "2");
        var page = await browser.OpenAsync(server.Dashboard, width, height, colours);
        await Expect(page.Locator("#connections .value")).Not.ToHaveTextAsync("–");
        server.Load(s_paths, _ => TimeSpan.FromMilliseconds(5));
        await ExpectAboveAsync(page, "requests", 20);

        Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, width);
        Assert.Equal(0, await page.EvaluateAsync<double>("layoutShift"));
        Assert.Equal(
            colours == ColorScheme.Dark,
            await page.EvaluateAsync<bool>("getComputedStyle(document.body).backgroundColor === 'rgb(14, 18, 24)'"));
        browser.AssertNoErrors();
    }

    [Fact]
    public async Task Page_ReadByAScreenReader_NamesEveryChartAndItsValue()
    {
        var (browser, server) = await StartAsync("--loops", "2");
        var page = await browser.OpenAsync(server.Dashboard);

        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Live");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Live dashboard");
        await Expect(page.GetByRole(AriaRole.Region)).ToHaveCountAsync(9);
        await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = new("over the last two minutes, now ") }))
            .ToHaveCountAsync(9);
    }

    private async Task<(Browser Browser, WatchedServer Server)> StartAsync(params string[] arguments)
    {
        _browser = await Browser.StartAsync();
        _server = await WatchedServer.StartAsync(arguments);
        return (_browser, _server);
    }

    private static async Task ExpectAboveAsync(IPage page, string card, double value) =>
        await page.WaitForFunctionAsync(
            """
            ([card, value]) => parseFloat(
              document.querySelector(`#${card} .value`).textContent.replace(",", "")) > value
            """,
            new object[] { card, value });
}
