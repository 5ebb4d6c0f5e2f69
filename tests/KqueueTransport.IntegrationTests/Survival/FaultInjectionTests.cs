using System.Net.Sockets;
using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>
/// The sample on a kernel whose calls fail, by strace, which makes a call return an error instead of being made. A
/// count that is too short cannot be played like this: the bytes would be lost in earnest.
/// </summary>
public sealed class FaultInjectionTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const int Connections = 16;
    private const int Messages = 10;
    private const int Downloads = 3;

    private readonly string _trace = Path.GetTempFileName();

    [Theory]
    [InlineData("accept4:error=EMFILE:when=2+3")]
    [InlineData("accept4:error=ECONNABORTED:when=1+2")]
    [InlineData("recvfrom,readv:error=EINTR:when=1+2")]
    [InlineData("sendto,sendmsg:error=EINTR:when=1+2")]
    [InlineData("sendto,sendmsg:error=EAGAIN:when=1+2")]
    [InlineData("sendto,sendmsg:error=ENOBUFS:when=2+7")]
    [InlineData("epoll_wait,epoll_pwait2:error=EINTR:when=3+2")]
    public async Task Call_FailsForNow_NobodyNotices(string fault)
    {
        await using var app = await StartAsync(fault);

        await EchoClients.TalkAsync(app.Echo, Connections, Messages, Deadline);

        await DownloadAsync(app);
        Survived.Print(
            fault, (await EndAsync(app), "faults"), (Connections * Messages, "echoes"), (Downloads, "downloads"));
    }

    [Theory]
    [InlineData("recvfrom:error=ECONNRESET:when=5+9")]
    [InlineData("recvfrom:error=ETIMEDOUT:when=5+9")]
    [InlineData("sendto,sendmsg:error=EPIPE:when=5+9")]
    [InlineData("sendto,sendmsg:error=ENOMEM:when=5+9")]
    [InlineData("epoll_ctl:error=ENOSPC:when=15+9")]
    public async Task Call_FailsForGood_EndsThatConnectionAndNoOther(string fault)
    {
        await using var app = await StartAsync(fault);
        var served = 0;

        await Task.WhenAll(Enumerable.Range(0, 4 * Connections).Select(async _ =>
        {
            if (await TryTalkAsync(app))
            {
                Interlocked.Increment(ref served);
            }
        }));

        Assert.InRange(served, 1, (4 * Connections) - 1);
        await Until.TrueAsync(() => ProcessFacts.Of(app.Id).Connections(app.Echo.Port) == 0, Deadline);
        Survived.Print(
            fault, (await EndAsync(app), "faults"), ((4 * Connections) - served, "connections ended"),
            (served, "connections served"));
    }

    private async Task<WebAppProcess> StartAsync(string fault)
    {
        var strace = Tool.Require("strace", "strace");

        // -D keeps the sample the direct child; --seccomp-bpf stops it at the named calls only.
        var options = $"-D -f --seccomp-bpf -qq -o {_trace} -e trace={CallsOf(fault)} -e inject={fault}";

        // Every loop registers something of its own: more of them, and the faults that are to come later hit the start.
        return await WebAppProcess.StartByAsync(
            $"exec {strace.Path} {options} \"$@\"", ["--port=0", "--loops=2"], Deadline);
    }

    /// <summary>Stops the sample, which has to end well.</summary>
    /// <returns>How many faults there were, which is some.</returns>
    private async Task<int> EndAsync(WebAppProcess app)
    {
        app.Signal(PosixSignal.SIGTERM);
        var end = await app.WaitForEndAsync(Deadline);
        Assert.Equal(0, end.ExitCode);
        var faults = File.ReadLines(_trace).Count(line => line.Contains("(INJECTED)", StringComparison.Ordinal));
        File.Delete(_trace);
        Assert.InRange(faults, 1, int.MaxValue);
        return faults;
    }

    private static string CallsOf(string fault) => fault[..fault.IndexOf(':', StringComparison.Ordinal)];

    private async Task DownloadAsync(WebAppProcess app)
    {
        using var client = Http.ClientFor(app.Http);
        for (var i = 0; i < Downloads; i++)
        {
            Assert.Equal(Pattern.OneMiB, await client.GetByteArrayAsync("/big", Deadline));
        }
    }

    private async Task<bool> TryTalkAsync(WebAppProcess app)
    {
        try
        {
            await EchoClients.TalkAsync(app.Echo, connections: 1, messages: 4, Deadline);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The connection that the fault hit: reset, also before it knows that it is connected, or at its end too
            // early.
            return false;
        }
    }
}
