using System.Buffers;
using System.Text;
using KqueueTransport.IntegrationTests.Servers;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>The bare connection, as a connection handler and the sample's raw endpoints have it.</summary>
public abstract class ConnectionHandlerTests(TestTransport transport) : WebAppSuite(transport)
{
    private const string Head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Hello =
        "HTTP/1.1 200 OK\r\nServer: raw\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

    /// <summary>Why a kernel says nothing of urgent data; null where it does.</summary>
    protected virtual string? LacksUrgentMarks => null;

    [Fact]
    public async Task Echo_OneMiB_ComesBackByteForByte()
    {
        using var connection = await ConnectAsync(StartWebApp().Echo);

        var sending = connection.SendAsync(Pattern.OneMiB);

        Assert.Equal(Pattern.OneMiB, await connection.ReceiveAsync(Pattern.MiB));
        await sending;
    }

    [Fact]
    public async Task Echo_Fin_ComesBackBehindTheBytes()
    {
        using var connection = await ConnectAsync(StartWebApp().Echo);

        await connection.SendAsync("last words");
        connection.SendFin();

        Assert.Equal("last words", await connection.ReceiveToEndAsync());
    }

    // The server reads before, at and behind the mark, as it happens.
    [Fact]
    public async Task Echo_AnUrgentByteAmongTheOthers_TheOthersComeBack()
    {
        Assert.SkipWhen(LacksUrgentMarks is not null, LacksUrgentMarks ?? "");
        using var connection = await ConnectAsync(StartWebApp().Echo);
        for (var round = 0; round < 100; round++)
        {
            await connection.SendAsync("before");
            connection.SendUrgent((byte)'!');
            await connection.SendAsync("behind");

            Assert.Equal("beforebehind", await connection.ReceiveTextAsync("beforebehind".Length));
        }
    }

    [Fact]
    public async Task Echo_ServerStops_EndsTheConnection()
    {
        var server = StartWebApp();
        using var connection = await ConnectAsync(server.Echo);
        await connection.SendAsync("x");
        await connection.ReceiveAsync(1);

        var stopping = server.DisposeAsync();

        Assert.Equal("", await connection.ReceiveToEndAsync());
        await stopping.AsTask().WaitAsync(Deadline);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task Hello_HeadsInPieces_AreEachAnswered(int pieceBytes)
    {
        using var connection = await ConnectAsync(StartWebApp().Hello);
        foreach (var piece in Encoding.ASCII.GetBytes(Head + Head + Head).Chunk(pieceBytes))
        {
            await connection.SendAsync(piece);
        }

        Assert.Equal(Hello + Hello + Hello, await connection.ReceiveTextAsync(3 * Hello.Length));
    }

    [Fact]
    public async Task Hello_Pipelined_AnswersEveryHead()
    {
        const int Depth = 2000;
        using var connection = await ConnectAsync(StartWebApp().Hello);

        var sending = connection.SendAsync(string.Concat(Enumerable.Repeat(Head, Depth)));

        Assert.Equal(
            string.Concat(Enumerable.Repeat(Hello, Depth)), await connection.ReceiveTextAsync(Depth * Hello.Length));
        await sending;
    }

    [Fact]
    public async Task Hello_HeadWithoutEnd_EndsTheConnection()
    {
        using var connection = await ConnectAsync(StartWebApp().Hello);

        await connection.SendAsync(new string('x', 40_000));

        await connection.WaitForEndAsync();
    }

    [Fact]
    public async Task Handler_Returns_SendsWhatItWroteThenFin()
    {
        using var connection = await ConnectAsync(await HandleAsync(async context =>
        {
            await context.Transport.Output.WriteAsync(Pattern.OneMiB);
        }));

        Assert.Equal(Pattern.OneMiB, await connection.ReceiveAsync(Pattern.MiB));
        Assert.Equal("", await connection.ReceiveToEndAsync());
    }

    [Fact]
    public async Task Abort_InTheHandler_ResetsTheConnection()
    {
        using var connection = await ConnectAsync(await HandleAsync(async context =>
        {
            await context.Transport.Input.ReadAsync();
            context.Abort(new ConnectionAbortedException("aborted by the test"));
        }));

        await connection.SendAsync("x");

        await Assert.ThrowsAsync<IOException>(connection.ReceiveToEndAsync);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectionClosed_PeerEnds_Fires(bool reset)
    {
        var closed = new TaskCompletionSource();
        using var connection = await ConnectAsync(await HandleAsync(async context =>
        {
            context.ConnectionClosed.Register(closed.SetResult);
            await context.Transport.Output.WriteAsync("x"u8.ToArray());
            await closed.Task;
        }));
        await connection.ReceiveAsync(1);

        if (reset)
        {
            connection.SendReset();
        }
        else
        {
            connection.SendFin();
        }

        await closed.Task.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Read_PeerResets_ThrowsConnectionReset()
    {
        var failure = new TaskCompletionSource<Exception>();
        using var connection = await ConnectAsync(await HandleAsync(async context =>
        {
            await context.Transport.Output.WriteAsync("x"u8.ToArray());
            failure.SetResult(await Assert.ThrowsAnyAsync<Exception>(
                () => context.Transport.Input.ReadAsync(Deadline).AsTask()));
        }));
        await connection.ReceiveAsync(1);

        connection.SendReset();

        Assert.IsType<ConnectionResetException>(await failure.Task.WaitAsync(Deadline));
    }

    [Fact]
    public async Task Write_AfterPeerReset_DoesNotThrow()
    {
        var done = new TaskCompletionSource();
        using var connection = await ConnectAsync(await HandleAsync(async context =>
        {
            await context.Transport.Output.WriteAsync("x"u8.ToArray());
            var closed = new TaskCompletionSource();
            context.ConnectionClosed.Register(closed.SetResult);
            await closed.Task;
            context.Transport.Output.Write("y"u8);
            await context.Transport.Output.FlushAsync();
            done.SetResult();
        }));
        await connection.ReceiveAsync(1);

        connection.SendReset();

        await done.Task.WaitAsync(Deadline);
    }
}
