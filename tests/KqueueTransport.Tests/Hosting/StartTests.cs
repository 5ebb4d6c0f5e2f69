using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Listening;
using KqueueTransport.Tests.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Tests.Hosting;

/// <summary>What starting a server says when something is wrong, and that it does not start then.</summary>
public sealed class StartTests : IDisposable
{
    private const string NoBackend = "There is no kqueue on this moon.";

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private readonly LogCollector _logs = new(LogLevel.Information);

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task Start_BadOption_FailsWithItsMessage()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(options => options.LoopCount = 0, OnAnyPort));

        Assert.StartsWith("LoopCount is 0.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_BadOptionWithoutKestrel_FailsWithItsMessage()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddKqueueTransport(options => options.Backlog = 0);
        using var host = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith("Backlog is 0.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ProcessorThatIsNotThere_IsAnOptionErrorThatNamesThose()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux pins event loops");
        var error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(options => options.LoopProcessors = [1023], OnAnyPort));

        Assert.StartsWith("LoopProcessors is 1023.", error.Message, StringComparison.Ordinal);
        Assert.Contains("It may on", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortInUse_FailsWithTheAddress()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var endPoint = (IPEndPoint)taken.LocalEndPoint!;
        var error = await Assert.ThrowsAsync<IOException>(
            () => StartAsync(configure: null, kestrel => kestrel.Listen(endPoint)));

        Assert.Contains(endPoint.ToString(), error.Message, StringComparison.Ordinal);
        var inUse = Assert.IsType<AddressInUseException>(error.InnerException);
        Assert.Contains("choose another port", inUse.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_UnixPathTaken_FailsWithThePath()
    {
        var path = Path.GetTempFileName();
        try
        {
            var error = await Assert.ThrowsAsync<IOException>(
                () => StartAsync(configure: null, kestrel => kestrel.ListenUnixSocket(path)));

            Assert.Contains(path, Assert.IsType<AddressInUseException>(error.InnerException).Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Start_UnixPathTooLong_FailsWithTheLimit()
    {
        var path = Path.Combine(Path.GetTempPath(), new string('x', 200));
        var error = await Assert.ThrowsAnyAsync<ArgumentException>(
            () => StartAsync(configure: null, kestrel => kestrel.ListenUnixSocket(path)));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Matches("between 1 and 1[0-9]{2} characters", error.Message);
    }

    [Fact]
    public async Task Start_NoBackend_SocketsServesAndOneWarningSaysWhy()
    {
        await using var app = await StartAsync(
            options => options.Backend = new BackendSupport(NoBackend),
            kestrel =>
            {
                OnAnyPort(kestrel);
                OnAnyPort(kestrel);
            });

        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Assert.Equal(2, addresses.Count);
        using var client = new HttpClient { Timeout = s_timeout };
        foreach (var address in addresses)
        {
            Assert.Equal("served", await client.GetStringAsync(address, TestContext.Current.CancellationToken));
        }

        var warning = Assert.Single(_logs.Warnings);
        Assert.Equal((TransportLog.Category, LogLevel.Warning), (warning.Category, warning.Level));
        Assert.Equal(100, warning.Id.Id);
        Assert.EndsWith(NoBackend, warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_InUse_OneLineSaysWhatServes()
    {
        var next = Scheduling.Adaptive;
        await using var app = await StartAsync(
            options =>
            {
                options.LoopCount = 1;
                options.ConfigureEndPoint = (_, own) => (own.Scheduling, next) = (next, Scheduling.Inline);
            },
            kestrel =>
            {
                OnAnyPort(kestrel);
                OnAnyPort(kestrel);
            });

        int[] ports = [.. app.Urls.Select(url => new Uri(url).Port)];
        var line = Assert.Single(_logs.Entries, entry => entry.Category == TransportLog.Category);
        Assert.Equal((LogLevel.Information, 108), (line.Level, line.Id.Id));
        Assert.Contains(
            $"serves 127.0.0.1:{ports[0]} (Adaptive), 127.0.0.1:{ports[1]} (Inline). ",
            line.Message,
            StringComparison.Ordinal);
        Assert.EndsWith(" Event loops: 1.", line.Message, StringComparison.Ordinal);
    }

    // A reload of Kestrel's configuration binds anew, as often as it comes.
    [Fact]
    public async Task Listeners_OneIsUnbound_AreTheOthers()
    {
        using var host = new HostLoops(
            Options.Create(new KqueueTransportOptions { LoopCount = 1 }), NullLoggerFactory.Instance);
        var factory = new KqueueConnectionListenerFactory(host);
        var anyPort = new IPEndPoint(IPAddress.Loopback, 0);
        Assert.Empty(host.Listeners);
        await using var gone = await factory.BindAsync(anyPort, TestContext.Current.CancellationToken);
        await using var other = await factory.BindAsync(anyPort, TestContext.Current.CancellationToken);

        await gone.UnbindAsync(TestContext.Current.CancellationToken);

        Assert.Same(other, Assert.Single(host.Listeners));
    }

    [Fact]
    public async Task Bind_NoMemoryForTheListener_ClosesTheListenSocket()
    {
        var socket = new SocketWithoutListener();
        using var host = new HostLoops(
            Options.Create(new KqueueTransportOptions { LoopCount = 1, Backend = new BackendThatListens(socket) }),
            NullLoggerFactory.Instance);
        var factory = new KqueueConnectionListenerFactory(host);

        await Assert.ThrowsAsync<InsufficientMemoryException>(
            () => factory.BindAsync(socket.EndPoint, TestContext.Current.CancellationToken).AsTask());

        Assert.Equal(1, socket.Disposals);
    }

    [Fact]
    public async Task Start_SocketOptionsAreConfigured_OneLineSaysThatNobodyReadsThem()
    {
        await using var app = await StartAsync(
            configure: null, OnAnyPort, builder => builder.WebHost.UseSockets(options => options.Backlog = 7));

        Assert.Single(_logs.Entries, entry => entry.Category == TransportLog.Category && entry.Id.Id == 109);
    }

    // As an environment variable would, and although the program sets all options in code.
    [Fact]
    public async Task Start_SwitchedOffInConfiguration_SocketsServesAndOneLineSaysSo()
    {
        await using var app = await StartAsync(
            options => options.LoopCount = 1,
            OnAnyPort,
            builder => builder.Configuration.AddInMemoryCollection(
                [KeyValuePair.Create("KqueueTransport:Enabled", (string?)"false")]));

        using var client = new HttpClient { Timeout = s_timeout };
        Assert.Equal("served", await client.GetStringAsync(app.Urls.Single(), TestContext.Current.CancellationToken));
        var line = Assert.Single(_logs.Entries, entry => entry.Category == TransportLog.Category);
        Assert.Equal((LogLevel.Information, 107), (line.Level, line.Id.Id));
    }

    [Fact]
    public async Task Start_NoBackendButRequired_Fails()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(
            options =>
            {
                options.Backend = new BackendSupport(NoBackend);
                options.RequireBackend = true;
            },
            OnAnyPort));

        Assert.EndsWith(NoBackend, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CanBind_EndPointKinds_OnlyItsOwn()
    {
        await using var app = Create(configure: null, OnAnyPort);
        var factory = app.Services.GetRequiredService<IConnectionListenerFactory>();
        var selector = Assert.IsType<IConnectionListenerFactorySelector>(factory, exactMatch: false);

        Assert.True(selector.CanBind(new IPEndPoint(IPAddress.Any, 0)));
        Assert.True(selector.CanBind(new UnixDomainSocketEndPoint("/tmp/any")));
        Assert.True(selector.CanBind(new FileHandleEndPoint(3, FileHandleType.Auto)));
        Assert.False(selector.CanBind(new DnsEndPoint("localhost", 80)));
        Assert.False(selector.CanBind(new NamedPipeEndPoint("pipe")));
    }

    private static void OnAnyPort(KestrelServerOptions kestrel) => kestrel.Listen(IPAddress.Loopback, 0);

    private async Task<WebApplication> StartAsync(
        Action<KqueueTransportOptions>? configure,
        Action<KestrelServerOptions> listen,
        Action<WebApplicationBuilder>? build = null)
    {
        var app = Create(configure, listen, build);
        try
        {
            await app.StartAsync(TestContext.Current.CancellationToken).WaitAsync(s_timeout);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private WebApplication Create(
        Action<KqueueTransportOptions>? configure,
        Action<KestrelServerOptions> listen,
        Action<WebApplicationBuilder>? build = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        build?.Invoke(builder);
        builder.Logging.ClearProviders().AddProvider(_logs);
        builder.WebHost.UseKqueueTransport(configure ?? (_ => { })).ConfigureKestrel(listen);
        var app = builder.Build();
        app.MapGet("/", () => "served");
        return app;
    }

    private sealed record BackendThatListens(ListenSocket Socket) : BackendSupport(OfThisSystem)
    {
        public override SocketCalls SocketsOf(KernelQueueOptions queue) => new ListeningCalls(Socket);
    }

    private sealed class ListeningCalls(ListenSocket socket) : SocketCalls(functions: null!, numbers: null!)
    {
        public override ListenSocket Listen(
            EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null) => socket;

        protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath) =>
            throw new NotSupportedException();
    }

    /// <summary>A listen socket that there is no memory to watch.</summary>
    private sealed class SocketWithoutListener : ListenSocket
    {
        public int Disposals { get; private set; }

        public override int Descriptor => throw new InsufficientMemoryException();

        public override EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 0);

        public override SocketOption[]? OptionsToSet => null;

        public override void Dispose() => Disposals++;
    }
}
