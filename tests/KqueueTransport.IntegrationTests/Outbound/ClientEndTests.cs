using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace KqueueTransport.IntegrationTests.Outbound;

/// <summary>
/// Whoever disposes, cancels or times out does not wait for a peer: clients over the factory, and over sockets as the
/// oracle, in front of peers that say nothing, read nothing or reset. Every descriptor is given back.
/// </summary>
public abstract class ClientEndTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;

    // The client's own limit, which its connect and its handshake count against.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(1);

    // How long it has sent, with nobody who reads, before it gives up.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _deadline =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private readonly KqueueConnectionFactory? _factory;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _peers = [];
    private readonly HashSet<string> _socketsOfOthers = [];

    /// <param name="scheduling">Null is the oracle.</param>
    protected ClientEndTests(Scheduling? scheduling)
    {
        _deadline.CancelAfter(TimeSpan.FromMinutes(1));
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        if (scheduling is { } mode)
        {
            _factory = new KqueueConnectionFactory(new KqueueTransportOptions { LoopCount = 1, Scheduling = mode });
        }
    }

    private CancellationToken Deadline => _deadline.Token;

    private IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    // The loops have a socket in reserve once they run.
    public async ValueTask InitializeAsync()
    {
        if (_factory is not null)
        {
            await using var connection = await _factory.ConnectAsync(EndPoint, Deadline);
            using var peer = await _listener.AcceptAsync(Deadline);
        }

        _socketsOfOthers.UnionWith(OpenSockets());
    }

    public ValueTask DisposeAsync()
    {
        _peers.ForEach(peer => peer.Dispose());
        _listener.Dispose();
        _factory?.Dispose();
        _deadline.Dispose();
        GC.SuppressFinalize(this);
        return default;
    }

    [Theory]
    [InlineData("http", "token")]
    [InlineData("http", "dispose")]
    [InlineData("https", "token")]
    [InlineData("https", "dispose")]
    public async Task Post_PeerNeverReads_EndsWhenTheClientGivesUp(string scheme, string how)
    {
        using var client = MakeClient(scheme, Timeout.InfiniteTimeSpan);
        using var token = new CancellationTokenSource();
        var accepting = AcceptAsync(scheme, Deadline);

        var posting = PostMuchAsync(client, token.Token);
        await accepting.WaitAsync(Deadline);
        if (how == "token")
        {
            token.CancelAfter(s_patience);
        }
        else
        {
            await Task.Delay(s_patience, Deadline);
            client.Dispose();
        }

        await AssertGivenUpAsync(posting);
        client.Dispose();
        await AssertDescriptorsAreBackAsync();
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public Task Post_PeerNeverReads_EndsAtTheTimeout(string scheme) =>
        AssertTimesOutAsync(scheme, client => PostMuchAsync(client, CancellationToken.None));

    [Fact]
    public Task Send_PeerNeverReads_EndsAtTheTimeout() => AssertTimesOutAsync("http", client => Task.Factory.StartNew(
        () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/")
            {
                Content = new ByteArrayContent(new byte[8 * MiB]),
            };
            client.Send(request, CancellationToken.None).Dispose();
        },
        TaskCreationOptions.LongRunning));

    [Theory]
    [InlineData("abort")]
    [InlineData("dispose")]
    [InlineData("token")]
    public async Task WebSocket_PeerNeverReads_EndsWhenTheClientGivesUp(string how)
    {
        using var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(MakeHandler());
        using var token = new CancellationTokenSource();
        var upgrading = UpgradeAsync();
        await socket.ConnectAsync(new Uri($"ws://{EndPoint}/"), invoker, Deadline);
        await upgrading.WaitAsync(Deadline);

        var sending = socket.SendAsync(
            new byte[16 * MiB], WebSocketMessageType.Binary, endOfMessage: true, token.Token);
        await Task.Delay(s_patience, Deadline);
        Assert.False(sending.IsCompleted);
        switch (how)
        {
            case "abort":
                socket.Abort();
                break;
            case "dispose":
                socket.Dispose();
                break;
            default:
                token.Cancel();
                break;
        }

        await Assert.ThrowsAnyAsync<Exception>(() => sending.WaitAsync(Deadline));
        Assert.False(Deadline.IsCancellationRequested);
        await AssertDescriptorsAreBackAsync();
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Post_WithoutEndAndThePeerResets_Fails(string scheme)
    {
        using var client = MakeClient(scheme, Timeout.InfiniteTimeSpan);
        var accepting = AcceptAsync(scheme, Deadline);
        using var content = new StreamContent(new EndlessStream());

        var posting = client.PostAsync("/", content, Deadline);
        var peer = await accepting.WaitAsync(Deadline);
        peer.LingerState = new LingerOption(enable: true, seconds: 0);
        peer.Dispose();

        await Assert.ThrowsAsync<HttpRequestException>(() => posting.WaitAsync(Deadline));
        client.Dispose();
        await AssertDescriptorsAreBackAsync();
    }

    [Fact]
    public async Task Get_CancelledInTheMiddle_ThePeersSendFails()
    {
        using var client = MakeClient("http", Timeout.InfiniteTimeSpan);
        var accepting = AcceptAsync("http", Deadline);
        using var token = new CancellationTokenSource();

        var getting = client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, token.Token);
        var peer = await accepting.WaitAsync(Deadline);
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"u8.ToArray(), Deadline);
        using var response = await getting.WaitAsync(Deadline);
        await using var body = await response.Content.ReadAsStreamAsync(Deadline);
        var sent = 0L;
        var sending = SendAsync();
        await body.ReadExactlyAsync(new byte[MiB], Deadline);
        var sentBefore = Interlocked.Read(ref sent);
        token.Cancel();
        await body.DisposeAsync();
        response.Dispose();

        await Assert.ThrowsAsync<SocketException>(() => sending.WaitAsync(Deadline));
        Assert.InRange(Interlocked.Read(ref sent) - sentBefore, 0, 24 * MiB);
        client.Dispose();
        await AssertDescriptorsAreBackAsync();

        async Task SendAsync()
        {
            for (var chunk = new byte[MiB / 4]; ; Interlocked.Add(ref sent, chunk.Length))
            {
                await peer.SendAsync(chunk, Deadline);
            }
        }
    }

    // What is not copied is not allocated, neither here nor in a pool.
    [Fact]
    public async Task Post_HalfAGiBInOneWrite_IsNotCopied()
    {
        using var client = MakeClient("http", Timeout.InfiniteTimeSpan);
        var accepting = AcceptAsync("http", Deadline);
        using var content = new ByteArrayContent(new byte[512 * MiB]);
        using var process = Process.GetCurrentProcess();
        process.Refresh();
        var workingSetBefore = process.WorkingSet64;

        var allocatedBefore = GC.GetTotalAllocatedBytes();
        var posting = client.PostAsync("/", content, Deadline);
        var peer = await accepting.WaitAsync(Deadline);
        var buffer = new byte[MiB];
        for (var received = 0L; received < 512L * MiB;)
        {
            received += await peer.ReceiveAsync(buffer, Deadline);
        }

        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Deadline);
        using var response = await posting.WaitAsync(Deadline);
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocatedBefore, 0, 32 * MiB);
        process.Refresh();

        // The content's own pages are read for the first time here.
        Assert.InRange(process.WorkingSet64 - workingSetBefore, long.MinValue, (512 + 64) * MiB);
    }

    private SocketsHttpHandler MakeHandler()
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = SelfSignedCertificate.IsTheSame },
        };
        return _factory is null ? handler : handler.UseConnectionFactory(_factory);
    }

    private HttpClient MakeClient(string scheme, TimeSpan timeout) =>
        new(MakeHandler()) { BaseAddress = new Uri($"{scheme}://{EndPoint}"), Timeout = timeout };

    private static async Task PostMuchAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(new byte[8 * MiB]);
        (await client.PostAsync("/", content, cancellationToken)).Dispose();
    }

    /// <summary>
    /// A client gives up by its limit, which counts from the begin of its request: where that was before the peer had
    /// the request, the next client has twice as long.
    /// </summary>
    private async Task AssertTimesOutAsync(string scheme, Func<HttpClient, Task> request)
    {
        var isAccepted = false;
        for (var timeout = s_timeout; !isAccepted; timeout *= 2)
        {
            using var client = MakeClient(scheme, timeout);
            using var isOver = CancellationTokenSource.CreateLinkedTokenSource(Deadline);
            var accepting = AcceptAsync(scheme, isOver.Token);
            var requesting = request(client);
            isAccepted = await Task.WhenAny(accepting, requesting) == accepting && accepting.IsCompletedSuccessfully;

            await AssertGivenUpAsync(requesting);
            client.Dispose();
            await isOver.CancelAsync();
            await accepting.ContinueWith(_ => { }, Deadline);
            await AssertDescriptorsAreBackAsync();
            while (_listener.Poll(0, SelectMode.SelectRead))
            {
                await AcceptAsync(Deadline); // It has come too late.
            }
        }
    }

    /// <summary>Accepts, reads the head of a request, or shakes hands, and reads no more.</summary>
    private async Task<Socket> AcceptAsync(string scheme, CancellationToken cancellationToken)
    {
        var peer = await AcceptAsync(cancellationToken);
        Stream stream = new NetworkStream(peer, ownsSocket: false);
        if (scheme == "https")
        {
            var secure = new SslStream(stream, leaveInnerStreamOpen: true);
            await secure.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = SelfSignedCertificate.Instance },
                cancellationToken);
            stream = secure;
        }

        if (scheme == "http")
        {
            await ReadHeadAsync(stream, cancellationToken);
        }

        return peer;
    }

    private async Task<Socket> AcceptAsync(CancellationToken cancellationToken)
    {
        var peer = await _listener.AcceptAsync(cancellationToken);
        _peers.Add(peer);
        _socketsOfOthers.Add(LinkOf($"/proc/self/fd/{peer.Handle}"));
        return peer;
    }

    private async Task UpgradeAsync()
    {
        var peer = await AcceptAsync(Deadline);
        await using var stream = new NetworkStream(peer, ownsSocket: false);
        var head = await ReadHeadAsync(stream, Deadline);
        var key = head.Split("\r\n").First(line => line.StartsWith("Sec-WebSocket-Key", StringComparison.Ordinal))
            .Split(": ")[1];
#pragma warning disable CA5350 // RFC 6455, section 4.2.2, wants SHA-1.
        var accept = Convert.ToBase64String(
            SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
                $"Sec-WebSocket-Accept: {accept}\r\n\r\n"),
            Deadline);
    }

    private static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, cancellationToken);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    // Not the test's own limit, which is a cancellation as well.
    private async Task AssertGivenUpAsync(Task operation)
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => operation.WaitAsync(Deadline));
        Assert.False(Deadline.IsCancellationRequested, "The client has not given up.");
    }

    // While the peers are there: their end would be the client's as well.
    private async Task AssertDescriptorsAreBackAsync()
    {
        if (OperatingSystem.IsLinux())
        {
            await Until.TrueAsync(() => !OpenSockets().Except(_socketsOfOthers).Any(), Deadline);
        }
    }

    /// <summary>The sockets of this process by inode, which tells one socket from the next of its number.</summary>
    private static HashSet<string> OpenSockets() => !OperatingSystem.IsLinux() ? [] :
        [.. Directory.GetFiles("/proc/self/fd").Select(LinkOf).Where(
            link => link.StartsWith("socket:", StringComparison.Ordinal))];

    private static string LinkOf(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            buffer.Span.Clear();
            return buffer.Length;
        }
    }
}

[Collection<Alone>]
public sealed class SocketsClientEndTests() : ClientEndTests(scheduling: null);

[Collection<Alone>]
public sealed class KqueueAdaptiveClientEndTests() : ClientEndTests(Scheduling.Adaptive);

[Collection<Alone>]
public sealed class KqueueThreadPoolClientEndTests() : ClientEndTests(Scheduling.ThreadPool);

[Collection<Alone>]
public sealed class KqueueInlineClientEndTests() : ClientEndTests(Scheduling.Inline);
