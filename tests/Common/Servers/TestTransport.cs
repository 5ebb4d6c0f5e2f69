using KqueueTransport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Common.Servers;

/// <summary>What a suite runs on: Kestrel's Sockets transport, the oracle, or this one in one of its modes.</summary>
public sealed class TestTransport
{
    private readonly Scheduling? _scheduling;

    private readonly Action<KqueueTransportOptions>? _configure;

    private readonly IMemoryPoolFactory<byte>? _memory;

    private TestTransport(
        Scheduling? scheduling,
        Action<KqueueTransportOptions>? configure = null,
        IMemoryPoolFactory<byte>? memory = null)
    {
        _scheduling = scheduling;
        _configure = configure;
        _memory = memory;
    }

    public static TestTransport Sockets { get; } = new(null);

    public static TestTransport KqueueAdaptive { get; } = new(Scheduling.Adaptive);

    public static TestTransport KqueueInline { get; } = new(Scheduling.Inline);

    public static TestTransport KqueueThreadPool { get; } = new(Scheduling.ThreadPool);

    /// <summary>Gets the options of samples/WebApp, without their dashes.</summary>
    public Dictionary<string, string> WebAppOptions => _scheduling is { } scheduling
        ? new() { ["transport"] = "kqueue", ["scheduling"] = scheduling.ToString().ToLowerInvariant() }
        : new() { ["transport"] = "sockets" };

    /// <summary>Gets whether it is Kestrel's own, which the suites run on for comparison.</summary>
    public bool IsSockets => _scheduling is null;

    /// <summary>The same on so many loops; Kestrel's transport has none and stays as it is.</summary>
    public TestTransport OnLoops(int count) => With(options => options.LoopCount = count);

    /// <summary>The same with other options; Kestrel's transport stays as it is.</summary>
    public TestTransport With(Action<KqueueTransportOptions> configure) =>
        new(_scheduling, _configure + configure, _memory);

    /// <summary>The same with memory from elsewhere.</summary>
    public TestTransport On(IMemoryPoolFactory<byte> memory) => new(_scheduling, _configure, memory);

    /// <summary>Puts the transport under Kestrel.</summary>
    public void Use(IWebHostBuilder webHost)
    {
        if (_memory is not null)
        {
            webHost.ConfigureServices(services => services.AddSingleton(_memory));
        }

        if (_scheduling is { } scheduling)
        {
            webHost.UseKqueueTransport(options => Set(options, scheduling));
        }
    }

    /// <summary>Adds the transport to a host without Kestrel.</summary>
    public void Add(IServiceCollection services)
    {
        if (_scheduling is { } scheduling)
        {
            services.AddKqueueTransport(options => Set(options, scheduling));
        }
        else
        {
            services.AddSingleton<IConnectionListenerFactory, SocketTransportFactory>();
        }
    }

    /// <summary>Puts it under a framework that takes its transport by keys; Sockets is what stands there.</summary>
    public void ReplaceKeyed(IServiceCollection services)
    {
        if (_scheduling is { } scheduling)
        {
            services.ReplaceKeyedTransports(options => Set(options, scheduling));
        }
    }

    /// <summary>Outbound connections in the same mode, on loops of their own.</summary>
    public KqueueConnectionFactory NewConnectionFactory()
    {
        var options = new KqueueTransportOptions();
        Set(options, _scheduling ?? throw new InvalidOperationException("Kestrel's transport has no factory."));
        return new KqueueConnectionFactory(options);
    }

    private void Set(KqueueTransportOptions options, Scheduling scheduling)
    {
        options.Scheduling = scheduling;
        _configure?.Invoke(options);
    }
}
