using System.Net;
using System.Net.Security;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>What a request, and middleware below it, hear of the end of their connection.</summary>
public abstract class RequestAbortTests(TestTransport transport) : TransportSuite(transport)
{
    private enum Ending
    {
        ClientFin,
        ClientReset,
        ServerEnds,
        ServerAborts,
    }

    // The reason has to be known before the socket closes: a read that finds the close instead would blame the client
    // for a body that is too short.
    [Fact]
    public async Task Abort_WhileTheBodyIsRead_TheReadSaysSo()
    {
        var failures = Channel.CreateUnbounded<Exception>();
        var server = await ServeAsync(async context =>
        {
            var reading = context.Request.Body.ReadExactlyAsync(new byte[10]).AsTask();
            context.Abort();
            failures.Writer.TryWrite(await Assert.ThrowsAnyAsync<Exception>(() => reading));
        });
        for (var i = 0; i < 20; i++)
        {
            using var connection = await ConnectAsync(server.EndPoint);

            await connection.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");

            Assert.IsNotType<BadHttpRequestException>(await failures.Reader.ReadAsync(Deadline), exactMatch: false);
            await connection.WaitForEndAsync();
        }
    }

    // Nobody reads the upload, so nobody hears of the client's end, until a write does.
    [Fact]
    public async Task Write_ClientIsGoneUnnoticed_AbortsTheRequest()
    {
        var (started, isGone, aborted) =
            (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var server = await ServeAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            started.SetResult();
            await isGone.Task;
            var block = new byte[Pattern.MiB];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(block);
            }
        });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {20 * Pattern.MiB}\r\n\r\n");
        await started.Task.WaitAsync(Deadline);
        await connection.SendUntilStalledAsync();

        connection.SendReset();
        isGone.SetResult();

        await aborted.Task.WaitAsync(Deadline);
    }

    // All that the client sends may be there when the loop looks, and the handler never reads again.
    [Fact]
    public async Task Request_FinComesWithIt_AbortsIt()
    {
        var aborted = Channel.CreateUnbounded<bool>();
        var server = await ServeAsync(async context =>
        {
            await Record.ExceptionAsync(() => Task.Delay(Timeout.Infinite, context.RequestAborted));
            aborted.Writer.TryWrite(true);
        });
        for (var i = 0; i < 100; i++)
        {
            using var connection = await ConnectAsync(server.EndPoint);
            await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            connection.SendFin();

            await aborted.Reader.ReadAsync(Deadline);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConnectionClosed_BelowMiddleware_FiresAtAnyEnd(bool isTls)
    {
        var (ending, closed) = (default(Ending), new TaskCompletionSource());
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Use(next => context =>
                {
                    context.ConnectionClosed.Register(closed.SetResult);
                    return next(context);
                });
                if (isTls)
                {
                    listen.UseHttps(SelfSignedCertificate.Instance);
                }

                listen.Use(next => next);
                listen.Run(context => ServeAsync(context, ending));
            }),
            _ => { });
        foreach (var next in Enum.GetValues<Ending>())
        {
            (ending, closed) = (next, new TaskCompletionSource());
            using var connection = await ConnectAsync(server.EndPointAt(0));
            await using var stream = await OpenAsync(connection, isTls);

            await stream.WriteAsync("x"u8.ToArray(), Deadline);
            if (ending != Ending.ServerAborts)
            {
                Assert.Equal(1, await stream.ReadAsync(new byte[1], Deadline));
            }

            EndAtTheClient(ending, connection);

            await closed.Task.WaitAsync(Deadline);
        }
    }

    private static async Task ServeAsync(ConnectionContext context, Ending ending)
    {
        var result = await context.Transport.Input.ReadAsync();
        await context.Transport.Output.WriteAsync(result.Buffer.First);
        context.Transport.Input.AdvanceTo(result.Buffer.End);
        if (ending == Ending.ServerAborts)
        {
            context.Abort(new ConnectionAbortedException("aborted by the test"));
        }
        else if (ending != Ending.ServerEnds)
        {
            // The end, by whatever name TLS gives it.
            await Record.ExceptionAsync(() => context.Transport.Input.ReadAsync().AsTask());
        }
    }

    private async Task<Stream> OpenAsync(RawConnection connection, bool isTls)
    {
        if (!isTls)
        {
            return connection.Stream;
        }

        var tls = new SslStream(connection.Stream, false, SelfSignedCertificate.IsTheSame);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Deadline);
        return tls;
    }

    private static void EndAtTheClient(Ending ending, RawConnection connection)
    {
        if (ending == Ending.ClientFin)
        {
            connection.SendFin();
        }
        else if (ending == Ending.ClientReset)
        {
            connection.SendReset();
        }
    }
}
