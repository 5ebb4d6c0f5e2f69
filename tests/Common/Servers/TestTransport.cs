using KqueueTransport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Common.Servers;

/// <summary>
/// What a suite runs on: Kestrel's Sockets transport, the oracle, or this one in one of its modes, over the system's
/// kernel or the one that <see cref="NamedLibrary"/> names.
/// </summary>
public sealed record TestTransport
{
    private TestTransport()
    {
    }

    public static TestTransport Sockets { get; } = new();

    public static TestTransport KqueueAdaptive { get; } = new() { Scheduling = KqueueTransport.Scheduling.Adaptive };

    public static TestTransport KqueueInline { get; } = new() { Scheduling = KqueueTransport.Scheduling.Inline };

    public static TestTransport KqueueThreadPool { get; } =
        new() { Scheduling = KqueueTransport.Scheduling.ThreadPool };

    /// <summary>Gets the options of samples/WebApp, without their dashes.</summary>
    public Dictionary<string, string> WebAppOptions => Scheduling is { } scheduling
        ? new() { ["transport"] = "kqueue", ["scheduling"] = scheduling.ToString().ToLowerInvariant() }
        : new() { ["transport"] = "sockets" };

    /// <summary>Gets whether it is Kestrel's own, which the suites run on for comparison.</summary>
    public bool IsSockets => Scheduling is null;

    /// <summary>
    /// Gets whether it is the default mode: load and long waits are whole on it, and on the others so much as shows
    /// that they stand them, too.
    /// </summary>
    public bool IsDefault => this == KqueueAdaptive;

    /// <summary>Gets what a process of samples/WebApp has to find in its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = NamedLibrary.Environment;

    private Scheduling? Scheduling { get; init; }

    private Action<KqueueTransportOptions>? More { get; init; }

    private IMemoryPoolFactory<byte>? Memory { get; init; }

    /// <summary>The same on so many loops; Kestrel's transport has none and stays as it is.</summary>
    public TestTransport OnLoops(int count) => With(options => options.LoopCount = count);

    /// <summary>The same with other options; Kestrel's transport stays as it is.</summary>
    public TestTransport With(Action<KqueueTransportOptions> configure) =>
        this with { More = More + configure };

    /// <summary>The same with memory from elsewhere.</summary>
    public TestTransport On(IMemoryPoolFactory<byte> memory) => this with { Memory = memory };

    /// <summary>The same with memory from here, unless it has some from elsewhere.</summary>
    public TestTransport OnUnlessElsewhere(IMemoryPoolFactory<byte> memory) => Memory is null ? On(memory) : this;

    /// <summary>Adds its memory, if that is not Kestrel's own.</summary>
    public void AddMemory(IServiceCollection services)
    {
        if (Memory is not null)
        {
            services.AddSingleton(Memory);
        }
    }

    /// <summary>Puts the transport under Kestrel.</summary>
    public void Use(IWebHostBuilder webHost)
    {
        webHost.ConfigureServices(AddMemory);
        if (!IsSockets)
        {
            webHost.UseKqueueTransport(Configure);
        }
    }

    /// <summary>Adds the transport to a host without Kestrel.</summary>
    public void Add(IServiceCollection services)
    {
        AddMemory(services);
        if (IsSockets)
        {
            services.AddSingleton<IConnectionListenerFactory, SocketTransportFactory>();
        }
        else
        {
            services.AddKqueueTransport(Configure);
        }
    }

    /// <summary>Puts it under a framework that takes its transport by keys; Sockets is what stands there.</summary>
    public void ReplaceKeyed(IServiceCollection services)
    {
        if (!IsSockets)
        {
            services.ReplaceKeyedTransports(Configure);
        }
    }

    /// <summary>Outbound connections in the same mode, on loops of their own.</summary>
    public KqueueConnectionFactory NewConnectionFactory()
    {
        if (IsSockets)
        {
            throw new InvalidOperationException("Kestrel's transport has no factory.");
        }

        var options = new KqueueTransportOptions();
        Configure(options);
        return new KqueueConnectionFactory(options);
    }

    /// <summary>Sets options to what this is.</summary>
    public void Configure(KqueueTransportOptions options)
    {
        options.Scheduling = Scheduling ?? options.Scheduling;
        NamedLibrary.Set(options.KernelQueue);
        More?.Invoke(options);
    }
}
