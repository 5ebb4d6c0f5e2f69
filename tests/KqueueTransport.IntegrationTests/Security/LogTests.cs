using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>What the transport logs at its most talkative level.</summary>
public sealed class LogTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const string Secret = "hunter2-correct-horse";

    [Fact]
    public async Task Log_EverythingIsLogged_HasNoPayload()
    {
        using var log = new TransportMessages();
        await using (var app = await StartAsync(log))
        {
            await EndInAllWaysAsync(EndPointOf(app));
            await Until.TrueAsync(() => log.Messages.Count > 3, Deadline);
        }

        Assert.NotEmpty(log.Messages);
        Assert.All(log.Messages, message => Assert.DoesNotContain(Secret, message, StringComparison.Ordinal));
    }

    // On an event loop an exception of the log would end the process, as it does on any thread of one's own.
    [Fact]
    public async Task Log_ItsProviderThrows_ServesOn()
    {
        using var log = new TransportMessages { Written = () => throw new IOException("The disk is full.") };
        await using var app = await StartAsync(log);
        var endPoint = EndPointOf(app);

        await EndInAllWaysAsync(endPoint);

        await Until.TrueAsync(() => log.Messages.Count > 3, Deadline);
        await EndInAllWaysAsync(endPoint);
    }

    private static IPEndPoint EndPointOf(WebApplication app) => IPEndPoint.Parse(new Uri(app.Urls.First()).Authority);

    private async Task EndInAllWaysAsync(EndPoint endPoint)
    {
        await TalkAsync(
            endPoint, $"GET /{Secret} HTTP/1.1\r\nHost: {Secret}\r\n\r\n", connection => connection.SendFin());
        await TalkAsync(endPoint, $"GET / HTTP/1.1\r\nCookie: {Secret}\r\n", connection => connection.SendReset());
        await TalkAsync(endPoint, Secret, connection => connection.SendReset());
        await TalkAsync(endPoint, "GET /abort HTTP/1.1\r\nHost: a\r\n\r\n", _ => { });
    }

    private async Task<WebApplication> StartAsync(TransportMessages log)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        Transport.Use(builder.WebHost);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync(Deadline);
        return app;
    }

    private static Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/abort")
        {
            context.Abort();
            return Task.CompletedTask;
        }

        return context.Response.WriteAsync(Secret);
    }

    private async Task TalkAsync(EndPoint endPoint, string text, Action<RawConnection> end)
    {
        using var connection = await ConnectAsync(endPoint);
        await connection.SendAsync(text);
        end(connection);
        if (connection.Stream.CanRead)
        {
            await connection.WaitForEndAsync();
        }
    }

    /// <summary>The messages of this transport's categories, whatever their level, with their exceptions.</summary>
    private sealed class TransportMessages : ILoggerProvider
    {
        public ConcurrentQueue<string> Messages { get; } = new();

        /// <summary>Called after each message, on the thread that logs it.</summary>
        public Action? Written { get; init; }

        public ILogger CreateLogger(string categoryName) => new Logger(
            categoryName.StartsWith(nameof(KqueueTransport), StringComparison.Ordinal) ? this : null);

        public void Dispose()
        {
        }

        private sealed class Logger(TransportMessages? log) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => log is not null;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception,
                Func<TState, Exception?, string> formatter)
            {
                log?.Messages.Enqueue($"{formatter(state, exception)} {exception}");
                log?.Written?.Invoke();
            }
        }
    }
}
