using System.Net;
using System.Net.Sockets;
using KqueueTransport.HandOver;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using KqueueTransport.Tests.Diagnostics;

namespace KqueueTransport.Tests.HandOver;

/// <summary>What the system refuses to a server that hands over: it goes on, and its log has why once.</summary>
public sealed class SuccessorsTests : IDisposable
{
    private readonly UnixSocketPath _path = new();
    private readonly LogCollector _logs = new();
    private readonly HandOverListenSockets _sockets = new();

    public void Dispose()
    {
        _logs.Dispose();
        _path.Dispose();
    }

    // Method: Linux makes a listen socket of TCP that is shut down one that does not listen, so that accept(2) fails,
    // until it listens anew. Who is accepted then is not known to be of the same user.
    [Fact]
    public async Task Accept_FailsForAWhile_GoesOnAndSaysSoOnce()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only there a listen socket ends and listens anew.");
        using var listen = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listen.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listen.Listen();
        var successors = Answer(new Path((int)listen.Handle));

        listen.Shutdown(SocketShutdown.Both);
        await Waiting.UntilAsync(() => _logs.Entries.Count > 0);
        await Task.Delay(Times.Retry * 3, TestContext.Current.CancellationToken);
        listen.Listen();
        using var view = new Socket(new SafeSocketHandle(listen.Handle, ownsHandle: false));
        using var link = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await link.ConnectAsync(view.LocalEndPoint!, TestContext.Current.CancellationToken);

        await Waiting.UntilAsync(() => _logs.Entries.Any(
            entry => entry.Message.Contains("another user's", StringComparison.Ordinal)));
        Assert.Equal(2, _logs.Entries.Count);
        await successors.StopAsync().Soon();
    }

    // Who gets no sockets asks again every 10 ms.
    [Fact]
    public async Task Ask_TheSocketsCannotBeSent_SaysSoOnce()
    {
        using var listen = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listen.Bind(new UnixDomainSocketEndPoint(_path.Path));
        listen.Listen();
        var path = new Path((int)listen.Handle);
        var successors = Answer(path);
        path.Lose();
        successors.OnServing();

        for (var i = 0; i < 3; i++)
        {
            using var link = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            link.Connect(listen.LocalEndPoint!);
            var greeting = new byte[HandOverMessage.Greeting.Length + 1];
            var count = 0;
            int received;
            do
            {
                received = await link.ReceiveAsync(greeting.AsMemory(count), TestContext.Current.CancellationToken);
                count += received;
            }
            while (received > 0);

            Assert.Equal(HandOverMessage.Greeting.Length, count);
        }

        Assert.Contains("EBADF", Assert.Single(_logs.Entries).Message, StringComparison.Ordinal);
        await successors.StopAsync().Soon();
    }

    // Both say that they serve before they have anything, and so are answered at the same time.
    [Fact]
    public async Task Ask_TwoServeAtThatMoment_OneReplacesAndTheOtherIsTold()
    {
        for (var round = 0; round < 200; round++)
        {
            using var path = new UnixSocketPath();
            using var listen = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listen.Bind(new UnixDomainSocketEndPoint(path.Path));
            listen.Listen();
            var leaves = 0;
            var successors = Answer(
                new Path((int)listen.Handle),
                () =>
                {
                    Interlocked.Increment(ref leaves);
                    return Task.CompletedTask;
                });
            using var one = await AskAndServeAsync(listen.LocalEndPoint!);
            using var other = await AskAndServeAsync(listen.LocalEndPoint!);

            successors.OnServing();

            byte[] answers = [await ReceiveLastAsync(one), await ReceiveLastAsync(other)];
            Assert.Equal([HandOverMessage.Stopping, HandOverMessage.Replaced], answers.Order());
            await successors.StopAsync().Soon();
            Assert.Equal(1, leaves);
        }
    }

    [Fact]
    public void Listen_MoreSocketsThanCanBeHandedOver_SaysSo()
    {
        var held = new List<ListenSocket>();
        for (var i = 0; i < 199; i++)
        {
            held.Add(Listen());
        }

        var error = Assert.Throws<NotSupportedException>(Listen);

        Assert.Contains("at most 199", error.Message, StringComparison.Ordinal);
        held[0].Dispose();
        held[0] = Listen();
        held.ForEach(socket => socket.Dispose());
    }

    private ListenSocket Listen() => _sockets.Listen(
        new IPEndPoint(IPAddress.Loopback, 0), new KqueueTransportOptions(), SystemSocketCalls.Instance);

    private Successors Answer(ListenSocket path, Func<Task>? leave = null) => new(
        path, _path.Path, _sockets, leave ?? (() => Task.CompletedTask), _logs.CreateLogger("Test"));

    private static async Task<Socket> AskAndServeAsync(EndPoint path)
    {
        var link = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await link.ConnectAsync(path).Soon();
        var greeting = new byte[HandOverMessage.Greeting.Length];
        Assert.Equal(greeting.Length, await link.ReceiveAsync(greeting).Soon());
        link.Send([HandOverMessage.Serving]);
        return link;
    }

    // It ends with a reset where the server has not read what was said to it.
    private static async Task<byte> ReceiveLastAsync(Socket link)
    {
        var buffer = new byte[1024];
        byte last = 0;
        try
        {
            while (await link.ReceiveAsync(buffer).Soon() is > 0 and var received)
            {
                last = buffer[received - 1];
            }
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
        }

        return last;
    }

    private sealed class Path(int descriptor) : ListenSocket
    {
        private int _descriptor = descriptor;

        public override int Descriptor => _descriptor;

        public override EndPoint EndPoint => throw new NotSupportedException();

        public override SocketOption[]? OptionsToSet => null;

        public void Lose() => _descriptor = -1;

        public override void Dispose()
        {
        }
    }
}
