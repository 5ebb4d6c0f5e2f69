using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.HandOver;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.HandOver;

/// <summary>
/// Who asks at the path is not one of them, or who is there, or the path itself: no server is lost, nor a descriptor.
/// </summary>
public sealed class HandOverFaultTests : HandOverSuite
{
    private static readonly SystemSocketCalls s_calls = SystemSocketCalls.Instance;

    [Fact]
    public async Task Start_SuccessorFails_TheFormerGoesOnAndIsReplacedByTheNext()
    {
        var first = await StartAsync("first");
        var address = AddressOf(first);

        await FailToStartAsync("second", kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        Assert.Equal("first", await GetAsync(address));
        await FailedAsync();

        var third = await StartAsync("third");
        await StoppedAsync(first);
        Assert.Equal("third", await GetAsync(address));
    }

    [Fact]
    public async Task Start_SuccessorFails_LeavesTheFormersUnixFile()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(EndPointPath.Path));

        await FailToStartAsync("second", kestrel => kestrel.ListenUnixSocket(EndPointPath.Path));

        Assert.True(EndPointPath.Exists);
        await ConnectToEndPointAsync();
        await FailedAsync();
        await first.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(EndPointPath.Exists);
    }

    // WebApplicationFactory starts an application with a server in memory, beside the application that runs.
    [Fact]
    public async Task Start_HostBindsNothing_TheServerGoesOnAndIsReplacedByTheNext()
    {
        var first = await StartAsync("first");
        using var host = HostWithoutEndPoints();
        await host.StartAsync(TestContext.Current.CancellationToken).Soon();

        await FailedAsync();
        Assert.Equal("first", await GetAsync(AddressOf(first)));
        await host.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(Place.Exists);
        await StartAsync("second");
        await StoppedAsync(first);
    }

    [Fact]
    public async Task Start_HostBindsNothing_NobodyReplacesIt()
    {
        using var host = HostWithoutEndPoints();
        await host.StartAsync(TestContext.Current.CancellationToken).Soon();
        Assert.False(Place.Exists);

        await StartAsync("server");

        await host.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(Place.Exists);
        Assert.DoesNotContain(Logs.Entries, entry => entry.Id.Id is 113 or 114);
    }

    [Fact]
    public async Task Successor_EndsBeforeItServes_TheFormerHasItsSocketsForItself()
    {
        var first = await StartAsync("first");
        var predecessor = await FindAsync();

        predecessor!.Dispose();

        await FailedAsync();
        Assert.Equal("first", await GetAsync(AddressOf(first)));
        await first.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(Place.Exists);
    }

    // WebApplicationFactory disposes a host that the application's own Main stops afterwards.
    [Fact]
    public async Task Stop_HostIsDisposedAlready_DoesNothing()
    {
        var app = await StartAsync("first");
        var services = app.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>().ToArray();
        await app.DisposeAsync();

        Assert.NotEmpty(services);
        foreach (var service in services)
        {
            await service.StoppingAsync(TestContext.Current.CancellationToken);
        }

        Assert.False(Place.Exists);
    }

    [Fact]
    public async Task Ask_ProcessOfAnotherUser_GetsNothingAndNobodyIsHeldUp()
    {
        OtherUser.SkipWhereNobodyCanBe();
        var first = await StartAsync("first");
        Debug.Assert(!OperatingSystem.IsWindows());
        File.SetUnixFileMode(Place.Path, (UnixFileMode)0b110_110_110);

        using var link = OtherUser.Run(ConnectToPath);

        Assert.Equal(0, s_calls.ReceiveDescriptors(link, new byte[8], out var received, out _).Value);
        Assert.Empty(received);
        await FailedAsync("another user's");
        await StartAsync("second");
        await StoppedAsync(first);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("garbage")]
    public async Task Ask_ProcessDoesNotServeThen_TheServerGoesOnAndIsReplacedByTheNext(string? answer)
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(EndPointPath.Path));
        using (var link = ConnectToPath())
        {
            if (answer is not null)
            {
                ReceiveSockets(link);
                link.Send(answer.Select(c => (byte)c).ToArray());
            }
        }

        await FailedAsync();
        await ConnectToEndPointAsync();
        await StartAsync("second");
        await StoppedAsync(first);
    }

    // It has the sockets, says nothing, and learns that it has come too late.
    [Fact]
    public async Task Ask_ProcessIsSilent_HoldsUpNobody()
    {
        var first = await StartAsync("first");
        using var link = ConnectToPath();
        ReceiveSockets(link);

        var second = await StartAsync("second");

        await StoppedAsync(first);
        Assert.Equal("second", await GetAsync(AddressOf(second)));
        var answer = new byte[2];
        Assert.Equal(1, await link.ReceiveAsync(answer, TestContext.Current.CancellationToken));
        Assert.Equal(HandOverMessage.Replaced, answer[0]);
    }

    [Fact]
    public async Task Start_WhoListensAtThePathIsSilent_ServesWithOneWarning()
    {
        using var path = Listen(new UnixDomainSocketEndPoint(Place.Path));

        var clock = new HeldClock();
        var starting = StartAsync("server", clock: clock);
        await Waiting.UntilAsync(() => clock.TryFire(seconds: 5));
        var server = await starting;

        Assert.Equal("server", await GetAsync(AddressOf(server)));
        await FailedAsync("does not answer");
        Assert.Single(Logs.Warnings);
        await server.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(Place.Exists);
    }

    // A server that is suspended hears of its successor later, and stops then.
    [Fact]
    public async Task Start_PredecessorDoesNotStop_ServesBesideItWithOneWarning()
    {
        var listen = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var clock = new HeldClock();

        var starting = StartBesideAsync("second", listen.Descriptor, listen.Leave, clock);
        using var link = await starting.Link;
        await link.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken); // It serves.
        await Waiting.UntilAsync(() => clock.TryFire(seconds: 30));
        var second = await starting.Server;

        Assert.Equal("second", await GetAsync(AddressOf(second)));
        Assert.Single(Logs.Warnings);
        Assert.DoesNotContain(Logs.Entries, entry => entry.Id == 113); // That it has stopped.
        var sockets = SocketsOf(second);
        Assert.True(sockets.AreElsewhere);
        await link.SendAsync(new[] { HandOverMessage.Stopping }, TestContext.Current.CancellationToken);
        await Waiting.UntilAsync(() => !sockets.AreElsewhere);
        await StartAsync("third");
        await StoppedAsync(second);
    }

    // Goal: the sockets outlive who has sent them. Method: a server that sends a port's and its own, and is gone.
    [Fact]
    public async Task Start_PredecessorDiesOnceItHasSent_HasEverything()
    {
        var listen = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var address = $"http://{listen.EndPoint}";

        var second = await StartBesideAsync("second", listen.Descriptor, dies: listen.Leave);

        Assert.Equal(address, AddressOf(second));
        Assert.Equal("second", await GetAsync(address));
        await StartAsync("third");
        await StoppedAsync(second);
        Assert.Empty(Logs.Warnings);
    }

    [Fact]
    public async Task Start_PredecessorSendsWhatIsNoSocket_FailsAndClosesIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Counts descriptors in /proc.");
        using var file = File.OpenHandle(
            EndPointPath.Path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);

        await Assert.ThrowsAnyAsync<Exception>(() => StartBesideAsync("second", (int)file.DangerousGetHandle()));

        Assert.Equal(1, PredecessorTests.CountOf(file.DangerousGetHandle()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Path_IsAFileOrLeadsToOne_FailsTheStartAndLeavesIt(bool isLink)
    {
        var file = isLink ? EndPointPath.Path : Place.Path;
        await File.WriteAllTextAsync(file, "x", TestContext.Current.CancellationToken);
        if (isLink)
        {
            File.CreateSymbolicLink(Place.Path, EndPointPath.Path);
        }

        var error = await Assert.ThrowsAsync<AddressInUseException>(() => StartAsync("first"));

        Assert.Contains(Place.Path, error.Message, StringComparison.Ordinal);
        Assert.Equal("x", await File.ReadAllTextAsync(Place.Path, TestContext.Current.CancellationToken));
        Assert.Equal(isLink, new FileInfo(Place.Path).LinkTarget is not null);
    }

    // Whoever puts a link there leads to a server of this user, or is refused.
    [Fact]
    public async Task Path_IsALinkToAServers_TakesThatOver()
    {
        var first = await StartAsync("first");
        using var link = new UnixSocketPath();
        File.CreateSymbolicLink(link.Path, Place.Path);

        var second = await StartAsync("second", path: link.Path);

        await StoppedAsync(first);
        Assert.Equal("second", await GetAsync(AddressOf(second)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0abstract")]
    [InlineData("/0123456789012345678901234567890123456789/0123456789012345678901234567890123456789" +
        "/0123456789012345678901234567890123456789")]
    public async Task Path_CannotBe_IsAnOptionError(string path)
    {
        var error = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => StartAsync("first", path: path));

        Assert.StartsWith("HandOverPath is '", error.Message, StringComparison.Ordinal);
    }

    private IHost HostWithoutEndPoints()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(Logs);
        builder.Services.AddKqueueTransport(options => options.HandOverPath = Place.Path);
        return builder.Build();
    }

    // Starts a server beside one that sends it two descriptors, the second for its endpoint, and dies.
    private async Task<WebApplication> StartBesideAsync(string name, int descriptor, Action? dies = null)
    {
        var starting = StartBesideAsync(name, descriptor, dies, clock: null);
        (await starting.Link).Dispose();
        return await starting.Server;
    }

    private (Task<Socket> Link, Task<WebApplication> Server) StartBesideAsync(
        string name, int descriptor, Action? dies, TimeProvider? clock)
    {
        var path = Listen(new UnixDomainSocketEndPoint(Place.Path));
        return (SendAsync(path, descriptor, dies), StartAsync(name, clock: clock));
    }

    private static async Task<Socket> SendAsync(ListenSocket path, int descriptor, Action? dies)
    {
        // Not by Socket, whose epoll in this process would go on with the socket by this number, and refuse it (EEXIST)
        // where the successor happens to get it under the same one.
        var (calls, accepted) = (s_calls, KernelResult.Success(0));
        await Waiting.UntilAsync(
            () => !(accepted = calls.Accept(path.Descriptor, SocketCalls.CreateAddress())).IsError);
        var link = new Socket(new SafeSocketHandle(accepted.Value, ownsHandle: true));
        var message = HandOverMessage.Encode([Predecessor.PathName, "InterNetwork 127.0.0.1:0"]);
        await link.SendAsync(HandOverMessage.Greeting, TestContext.Current.CancellationToken);
        s_calls.SendDescriptors(link, message, [path.Descriptor, descriptor]).GetValueOrThrow();
        path.Leave();
        dies?.Invoke();
        return link;
    }

    private static ListenSocket Listen(EndPoint endPoint) =>
        s_calls.Listen(endPoint, new KqueueTransportOptions { Backlog = 8 });

    private Socket ConnectToPath()
    {
        var link = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        link.Connect(new UnixDomainSocketEndPoint(Place.Path));
        return link;
    }

    private static void ReceiveSockets(Socket link)
    {
        Assert.Equal(HandOverMessage.Greeting.Length, link.Receive(new byte[HandOverMessage.Greeting.Length]));
        Assert.True(link.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead));
        s_calls.ReceiveDescriptors(link, new byte[512], out var received, out _).GetValueOrThrow();
        Assert.Equal(2, received.Count);
        received.ForEach(descriptor => s_calls.Close(descriptor));
    }

    private Task FailedAsync(string reason = "") => Waiting.UntilAsync(() => Logs.Entries.Any(
        entry => entry.Id == 112 && entry.Message.Contains(reason, StringComparison.Ordinal)));
}
