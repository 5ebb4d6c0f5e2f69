using System.Net;
using System.Net.Http.Json;
using KqueueTransport.Connections;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>The sample app as an ordinary HTTP/1.1 client sees it.</summary>
public abstract class HttpTests(TestTransport transport) : WebAppSuite(transport)
{
    [Fact]
    public async Task Plaintext_Asked_AnswersHello()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        using var response = await client.GetAsync("/plaintext", Deadline);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("Hello, World!", await response.Content.ReadAsStringAsync(Deadline));
    }

    [Fact]
    public async Task Json_Asked_AnswersTheMessage()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        var answer = await client.GetFromJsonAsync<Dictionary<string, string>>("/json", Deadline);

        Assert.Equal("Hello, World!", Assert.Contains("message", answer!));
    }

    [Theory]
    [InlineData("/", "ASP.NET Core on")]
    [InlineData("/block?ms=1", "blocked")]
    [InlineData("/delay?ms=1", "delayed")]
    public async Task Page_Asked_Answers(string path, string expected)
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        Assert.Contains(expected, await client.GetStringAsync(path, Deadline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Factory_ItsOwnClient_ReachesTheApp()
    {
        await using var server = StartWebApp();
        using var client = server.CreateClient();
        client.BaseAddress = new Uri($"http://{server.Http}");

        Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
    }

    [Theory]
    [InlineData("/no-such-page", HttpStatusCode.NotFound)]
    [InlineData("/block?ms=soon", HttpStatusCode.BadRequest)]
    [InlineData("/ws", HttpStatusCode.BadRequest)]
    public async Task Request_Wrong_IsRefused(string path, HttpStatusCode expected)
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        using var response = await client.GetAsync(path, Deadline);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Requests_OneAfterTheOther_ShareAConnection()
    {
        var connections = new HashSet<string>();
        var server = await ServeAsync(context =>
        {
            lock (connections)
            {
                connections.Add(context.Connection.Id);
            }

            return Task.CompletedTask;
        });
        using var client = Http.ClientFor(server.EndPoint);
        for (var i = 0; i < 500; i++)
        {
            using var response = await client.GetAsync("/", Deadline);
        }

        Assert.Single(connections);
    }

    [Fact]
    public async Task Requests_ManyAtOnce_AreAllAnswered()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 300).Select(i => client.GetStringAsync($"/delay?ms={i % 20}", Deadline)));

        Assert.All(answers, answer => Assert.Equal("delayed", answer));
    }

    [Fact]
    public async Task Requests_WithConnectionClose_AreAllAnswered()
    {
        using var client = Http.ClientFor(StartWebApp().Http);
        client.DefaultRequestHeaders.ConnectionClose = true;
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
        }
    }

    [Fact]
    public async Task Request_ClientGivesUp_IsAbortedInTheApp()
    {
        var started = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        var server = await ServeAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            started.SetResult();
            await aborted.Task;
        });
        using var client = Http.ClientFor(server.EndPoint);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Deadline);

        var request = client.GetAsync("/", giveUp.Token);
        await started.Task.WaitAsync(Deadline);
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await aborted.Task.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Handler_Throws_Answers500AndServerGoesOn()
    {
        Log.Expect("thrown by the test");
        var server = await ServeAsync(context =>
            context.Request.Path == "/throw"
                ? throw new InvalidOperationException("thrown by the test")
                : Task.CompletedTask);
        using var client = Http.ClientFor(server.EndPoint);

        using var failed = await client.GetAsync("/throw", Deadline);
        using var next = await client.GetAsync("/", Deadline);

        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }
}
