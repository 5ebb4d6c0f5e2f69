using System.Net;
using System.Net.Sockets;
using KqueueTransport.HandOver;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.HandOver;

/// <summary>Servers that replace each other at one path, in one process.</summary>
public sealed class HandOverTests : IAsyncDisposable
{
    private readonly UnixSocketPath _path = new();
    private readonly UnixSocketPath _endPoint = new();
    private readonly List<WebApplication> _apps = [];
    private readonly LogCollector _logs = new(LogLevel.Information);

    public async ValueTask DisposeAsync()
    {
        foreach (var app in _apps)
        {
            await app.DisposeAsync();
        }

        _logs.Dispose();
        _path.Dispose();
        _endPoint.Dispose();
    }

    [Fact]
    public async Task Start_ServersOneAfterTheOther_HaveTheSamePortAndTheFormerStop()
    {
        var first = await StartAsync("first");
        var address = AddressOf(first);

        var second = await StartAsync("second");
        await StoppedAsync(first);
        Assert.Equal(address, AddressOf(second));
        Assert.Equal("second", await GetAsync(address));

        var third = await StartAsync("third");
        await StoppedAsync(second);
        Assert.Equal("third", await GetAsync(address));
        await third.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(_path.Exists);
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(address));
        Assert.DoesNotContain(_logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    // Both processes have one socket: what one does to it at its end is done to the other's.
    [Fact]
    public async Task Stop_TheSuccessorHasTheSocket_IsNonBlockingAndDoesNotLinger()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads flags in /proc.");
        const int ONonBlock = 0x800;
        var first = await StartAsync("first");
        await StartAsync("second");
        await StoppedAsync(first);
        await FailToStartAsync("third", kestrel => kestrel.Listen(IPAddress.Loopback, 0));

        using var predecessor = await Predecessor.FindAsync(_path.Path, TestContext.Current.CancellationToken).Soon();
        var path = predecessor!.Take(Predecessor.PathName)!.Value;
        using var listen = new Socket(new SafeSocketHandle(
            predecessor.Take("InterNetwork 127.0.0.1:0")!.Value, ownsHandle: true));

        Assert.NotEqual(0, PredecessorTests.FlagsOf(path) & ONonBlock);
        Assert.NotEqual(0, PredecessorTests.FlagsOf((int)listen.Handle) & ONonBlock);
        Assert.False(listen.LingerState!.Enabled);
        SystemSocketCalls.Instance.Close(path);
    }

    [Fact]
    public async Task Start_UnixEndPoint_ItsFileStaysUntilTheLastEnds()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(_endPoint.Path));

        var second = await StartAsync("second", kestrel => kestrel.ListenUnixSocket(_endPoint.Path));

        await StoppedAsync(first);
        Assert.True(_endPoint.Exists);
        await ConnectToEndPointAsync();
        await second.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(_endPoint.Exists);
    }

    [Fact]
    public async Task Start_OtherEndPoints_OnesAreBoundAndOnesAreClosed()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(_endPoint.Path));

        var second = await StartAsync("second");

        await StoppedAsync(first);
        Assert.Equal("second", await GetAsync(AddressOf(second)));
        await Assert.ThrowsAsync<SocketException>(ConnectToEndPointAsync);
    }

    [Fact]
    public async Task Start_SuccessorFails_TheFormerGoesOnAndIsReplacedByTheNext()
    {
        var first = await StartAsync("first");
        var address = AddressOf(first);

        await FailToStartAsync("second", kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        Assert.Equal("first", await GetAsync(address));
        await Waiting.UntilAsync(() => _logs.Entries.Any(entry => entry.Id == 112));

        var third = await StartAsync("third");
        await StoppedAsync(first);
        Assert.Equal("third", await GetAsync(address));
    }

    [Fact]
    public async Task Start_SuccessorFails_LeavesTheFormersUnixFile()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(_endPoint.Path));

        await FailToStartAsync("second", kestrel => kestrel.ListenUnixSocket(_endPoint.Path));

        Assert.True(_endPoint.Exists);
        await ConnectToEndPointAsync();
        await Waiting.UntilAsync(() => _logs.Entries.Any(entry => entry.Id == 112));
        await first.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(_endPoint.Exists);
    }

    [Fact]
    public async Task Successor_EndsBeforeItServes_TheFormerHasItsSocketsForItself()
    {
        var first = await StartAsync("first");
        var predecessor = await Predecessor.FindAsync(_path.Path, TestContext.Current.CancellationToken).Soon();

        predecessor!.Dispose();

        await Waiting.UntilAsync(() => _logs.Entries.Any(entry => entry.Id == 112));
        Assert.Equal("first", await GetAsync(AddressOf(first)));
        await first.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(_path.Exists);
    }

    [Fact]
    public async Task Stop_ASuccessorHasTheSockets_LeavesThemToIt()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(_endPoint.Path));
        using var predecessor = await Predecessor.FindAsync(_path.Path, TestContext.Current.CancellationToken).Soon();

        await first.StopAsync(TestContext.Current.CancellationToken);

        Assert.True(_endPoint.Exists);
        await predecessor!.ReplaceAsync(TestContext.Current.CancellationToken).Soon();
        await ConnectToEndPointAsync();
    }

    [Fact]
    public async Task Path_IsListenedAt_IsTheUsersAlone()
    {
        await StartAsync("first");
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path.Path));
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

    [Fact]
    public void SendAndReceive_ADescriptor_IsTheSameSocketOfTheSameUser()
    {
        using var listen = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listen.Bind(new UnixDomainSocketEndPoint(_path.Path));
        listen.Listen();
        using var near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        near.Connect(listen.LocalEndPoint!);
        using var far = listen.Accept();

        Assert.Equal(1, UnixSocketCalls.Send(near, "x"u8, [(int)listen.Handle]).Value);
        Assert.Equal(1, UnixSocketCalls.Receive(far, new byte[8], out var received, out var isTruncated).Value);

        using var copy = new Socket(new SafeSocketHandle(Assert.Single(received), ownsHandle: true));
        Assert.Equal(listen.LocalEndPoint, copy.LocalEndPoint);
        Assert.NotEqual(listen.Handle, copy.Handle);
        Assert.False(isTruncated);
        Assert.True(UnixSocketCalls.IsOwnUser(near));
        Assert.True(UnixSocketCalls.IsOwnUser(far));
    }

    private async Task<WebApplication> StartAsync(
        string name,
        Action<KestrelServerOptions>? listen = null,
        string? path = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(_logs);
        builder.WebHost.UseKqueueTransport(options =>
        {
            options.LoopCount = 1;
            options.HandOverPath = path ?? _path.Path;
        });
        builder.WebHost.ConfigureKestrel(listen ?? (kestrel => kestrel.Listen(IPAddress.Loopback, 0)));
        var app = builder.Build();
        app.MapGet("/", () => name);
        _apps.Add(app);
        await app.StartAsync(TestContext.Current.CancellationToken).Soon();
        return app;
    }

    // Behind the endpoints there is one whose port somebody else has.
    private async Task FailToStartAsync(string name, Action<KestrelServerOptions> listen)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        await Assert.ThrowsAsync<IOException>(() => StartAsync(name, kestrel =>
        {
            listen(kestrel);
            kestrel.Listen((IPEndPoint)taken.LocalEndPoint!);
        }));
        await _apps[^1].DisposeAsync();
        _apps.RemoveAt(_apps.Count - 1);
    }

    private async Task ConnectToEndPointAsync()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(
            new UnixDomainSocketEndPoint(_endPoint.Path), TestContext.Current.CancellationToken);
    }

    private static string AddressOf(WebApplication app) => app.Urls.Single();

    private static Task StoppedAsync(WebApplication app) =>
        app.WaitForShutdownAsync(TestContext.Current.CancellationToken).Soon();

    private static async Task<string> GetAsync(string address)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(address), TestContext.Current.CancellationToken).Soon();
    }
}
