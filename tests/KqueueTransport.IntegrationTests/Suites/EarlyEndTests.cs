using System.Net;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>
/// The server ends a connection whose client is still sending: what it wrote has to arrive all the same, although a
/// descriptor that closes with bytes unread sends RST, and that takes the answer from the client's own buffer.
/// </summary>
public abstract class EarlyEndTests(TestTransport transport)
    : TransportSuite(transport.With(options => options.LingerTimeout = s_lingerTimeout))
{
    private const int UploadMiB = 8;

    // Longer than a client may be set aside in the middle of its upload.
    private static readonly TimeSpan s_lingerTimeout = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Upload_RefusedUnread_TheAnswerArrives()
    {
        SkipOnSockets();
        var server = await ServeAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            context.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        });
        using var connection = await ConnectAsync(server.EndPoint);

        await SendUploadAsync(connection);

        Assert.StartsWith("HTTP/1.1 403", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_TooLarge_TheAnswerArrives()
    {
        SkipOnSockets();
        Log.Expect("Request body too large");
        var server = await StartKestrelAsync(
            kestrel =>
            {
                kestrel.Limits.MaxRequestBodySize = Pattern.MiB;
                kestrel.Listen(IPAddress.Loopback, 0);
            },
            app => app.Run(context => context.Request.Body.CopyToAsync(Stream.Null)));
        using var connection = await ConnectAsync(server.EndPoint);

        await SendUploadAsync(connection);

        Assert.StartsWith("HTTP/1.1 413", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_MalformedAndMoreBehindIt_TheAnswerArrives()
    {
        SkipOnSockets();
        var server = await ServeAsync(_ => Task.CompletedTask);
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("GET\r\n\r\n");
        await connection.SendAsync(new byte[UploadMiB * Pattern.MiB]);

        Assert.StartsWith("HTTP/1.1 400", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handler_LeavesInputUnread_WhatItWroteArrives()
    {
        SkipOnSockets();
        var sent = new TaskCompletionSource();
        using var connection = await ConnectAsync(await HandleAsync(async context =>
        {
            await sent.Task;
            await context.Transport.Output.WriteAsync(Pattern.OneMiB);
        }));

        await connection.SendAsync(new byte[100_000]);
        sent.SetResult();

        Assert.Equal(Pattern.OneMiB, await connection.ReceiveAsync(Pattern.MiB));
        Assert.Equal("", await connection.ReceiveToEndAsync());
    }

    [Fact]
    public async Task Client_NeverEnds_DoesNotHoldUpTheStop()
    {
        var server = await ServeAsync(context =>
        {
            context.Response.Headers.Connection = "close";
            return context.Response.WriteAsync("answer");
        });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await connection.ReceiveToEndAsync();

        await server.StopAsync(Deadline);
        await server.DisposeAsync();

        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true)
            {
                await connection.SendAsync("more");
            }
        });
    }

    private void SkipOnSockets() => Assert.SkipWhen(
        Transport.IsSockets, "It closes at once, and the RST that further bytes provoke destroys the answer.");

    private static async Task SendUploadAsync(RawConnection connection)
    {
        await connection.SendAsync(
            $"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {UploadMiB * Pattern.MiB}\r\n\r\n");
        for (var i = 0; i < UploadMiB; i++)
        {
            await connection.SendAsync(Pattern.OneMiB);
        }
    }
}
