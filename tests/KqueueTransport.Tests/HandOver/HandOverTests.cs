using System.Net;
using System.Net.Sockets;
using KqueueTransport.HandOver;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;

namespace KqueueTransport.Tests.HandOver;

/// <summary>Servers that replace each other at one path.</summary>
public sealed class HandOverTests : HandOverSuite
{
    private static readonly SystemSocketCalls s_calls = SystemSocketCalls.Instance;

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
        Assert.False(Place.Exists);
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(address));
        Assert.Empty(Logs.Warnings);
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

        using var predecessor = await FindAsync();
        var path = predecessor!.Take(Predecessor.PathName)!.Value;
        using var listen = new Socket(new SafeSocketHandle(
            predecessor.Take("InterNetwork 127.0.0.1:0")!.Value, ownsHandle: true));

        Assert.NotEqual(0, PredecessorTests.FlagsOf(path) & ONonBlock);
        Assert.NotEqual(0, PredecessorTests.FlagsOf((int)listen.Handle) & ONonBlock);
        Assert.False(listen.LingerState!.Enabled);
        s_calls.Close(path);
    }

    [Fact]
    public async Task Start_UnixEndPoint_ItsFileStaysUntilTheLastEnds()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(EndPointPath.Path));

        var second = await StartAsync("second", kestrel => kestrel.ListenUnixSocket(EndPointPath.Path));

        await StoppedAsync(first);
        Assert.True(EndPointPath.Exists);
        await ConnectToEndPointAsync();
        await second.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(EndPointPath.Exists);
    }

    [Fact]
    public async Task Start_OtherEndPoints_OnesAreBoundAndOnesAreClosed()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(EndPointPath.Path));

        var second = await StartAsync("second");

        await StoppedAsync(first);
        Assert.Equal("second", await GetAsync(AddressOf(second)));
        await Assert.ThrowsAsync<SocketException>(ConnectToEndPointAsync);
    }

    [Fact]
    public async Task Start_EndPointIsAHandle_EachHasItFromItsOwner()
    {
        using var listen = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listen.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listen.Listen();
        var address = $"http://{listen.LocalEndPoint}";
        var first = await StartAsync("first", kestrel => kestrel.ListenHandle((ulong)listen.Handle));
        Assert.Equal("first", await GetAsync(address));

        await StartAsync("second", kestrel => kestrel.ListenHandle((ulong)listen.Handle));

        await StoppedAsync(first);
        Assert.Equal("second", await GetAsync(address));
    }

    [Fact]
    public async Task Stop_ASuccessorHasTheSockets_LeavesThemToIt()
    {
        var first = await StartAsync("first", kestrel => kestrel.ListenUnixSocket(EndPointPath.Path));
        using var predecessor = await FindAsync();

        await first.StopAsync(TestContext.Current.CancellationToken);

        Assert.True(EndPointPath.Exists);
        Assert.True(await predecessor!.TryReplaceAsync(
            TimeProvider.System, TestContext.Current.CancellationToken).Soon());
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

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Place.Path));
    }

    [Fact]
    public async Task Start_TwoServersAtOnce_ReplaceTheFormerOneAfterTheOther()
    {
        var first = await StartAsync("first");

        var apps = await Task.WhenAll(StartAsync("second"), StartAsync("third"));

        await StoppedAsync(first);
        var stopped = await Task.WhenAny(apps.Select(async app =>
        {
            await StoppedAsync(app);
            return app;
        })).Unwrap();
        var last = apps.Single(app => app != stopped);
        Assert.Equal(last == apps[0] ? "second" : "third", await GetAsync(AddressOf(first)));
        await last.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(Place.Exists);
        Assert.Empty(Logs.Warnings);
    }

    [Fact]
    public async Task Start_AnotherServerStartsStill_WaitsForItAndReplacesIt()
    {
        var mayGoOn = new TaskCompletionSource();
        var starting = StartAsync("first", starts: mayGoOn.Task);
        await Waiting.UntilAsync(() => Place.Exists);

        var next = StartAsync("second");
        mayGoOn.SetResult();

        var first = await starting;
        Assert.Equal(AddressOf(first), AddressOf(await next));
        await StoppedAsync(first);
        Assert.Equal("second", await GetAsync(AddressOf(first)));
    }

    // Who waits for a server that does not come to serve is the next that tries.
    [Fact]
    public async Task Start_AnotherServersStartFails_ServesInItsPlace()
    {
        var mayGoOn = new TaskCompletionSource();
        var starting = StartAsync("first", starts: mayGoOn.Task);
        await Waiting.UntilAsync(() => Place.Exists);
        var next = StartAsync("second");

        mayGoOn.SetException(new InvalidOperationException());

        await Assert.ThrowsAsync<InvalidOperationException>(() => starting);
        await DisposeOneAsync();
        Assert.Equal("second", await GetAsync(AddressOf(await next)));
        Assert.True(Place.Exists);
    }

    // Who was quicker has deleted the file at the path, whose socket the other one has had from the former server.
    [Fact]
    public async Task Start_WhoWasQuickerHasStopped_ListensAtThePath()
    {
        var first = await StartAsync("first");
        var mayGoOn = new TaskCompletionSource();
        var starting = StartAsync("second", starts: mayGoOn.Task);
        await Waiting.UntilAsync(() => SocketsOf(first).AreElsewhere);
        var quicker = await StartAsync("third");
        await StoppedAsync(first);
        await quicker.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(Place.Exists);

        mayGoOn.SetResult();

        var second = await starting;
        Assert.Equal("second", await GetAsync(AddressOf(first)));
        await StartAsync("fourth");
        await StoppedAsync(second);
        Assert.Equal("fourth", await GetAsync(AddressOf(first)));
    }

    [Fact]
    public void SendAndReceive_ADescriptor_IsTheSameSocketOfTheSameUser()
    {
        using var listen = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listen.Bind(new UnixDomainSocketEndPoint(Place.Path));
        listen.Listen();
        using var near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        near.Connect(listen.LocalEndPoint!);
        using var far = listen.Accept();

        Assert.Equal(1, s_calls.SendDescriptors(near, "x"u8, [(int)listen.Handle]).Value);
        Assert.Equal(1, s_calls.ReceiveDescriptors(far, new byte[8], out var received, out var isTruncated).Value);

        using var copy = new Socket(new SafeSocketHandle(Assert.Single(received), ownsHandle: true));
        Assert.Equal(listen.LocalEndPoint, copy.LocalEndPoint);
        Assert.NotEqual(listen.Handle, copy.Handle);
        Assert.False(isTruncated);
        Assert.True(s_calls.IsOwnUser(near));
        Assert.True(s_calls.IsOwnUser(far));
    }
}
