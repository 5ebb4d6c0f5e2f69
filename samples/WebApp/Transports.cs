using Kqueue;
using KqueueTransport;
using Microsoft.Extensions.Options;

namespace WebApp;

/// <summary>Puts the chosen transport under Kestrel and says what it is.</summary>
internal static class Transports
{
    public static void Use(WebApplicationBuilder builder, WebAppOptions options)
    {
        var webHost = builder.WebHost;
        switch (options.Transport)
        {
            case TransportKind.Kqueue:
                webHost.UseKqueueTransport(builder.Configuration.GetSection("Kqueue"))
                    .UseKqueueTransport(kqueue => Apply(options, kqueue));
                break;
            case TransportKind.SocketsInline:
                webHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
                break;
            default:
                webHost.UseSockets();
                break;
        }
    }

    /// <summary>Whether the loops of the kqueue transport serve, and not Kestrel's Sockets.</summary>
    public static bool RunsOnLoops(WebAppOptions options, IServiceProvider services) =>
        options.Transport == TransportKind.Kqueue && KernelQueue.IsSupported && OptionsOf(services).Enabled;

    public static string Describe(WebAppOptions options, IServiceProvider services)
    {
        if (options.Transport != TransportKind.Kqueue)
        {
            var scheduling = options.Transport == TransportKind.SocketsInline ? "inline" : "thread pool";
            return $"Kestrel's Sockets, scheduling {scheduling} (--loops and --scheduling do not apply)";
        }

        if (!RunsOnLoops(options, services))
        {
            return "Kestrel's Sockets, scheduling thread pool (the kqueue transport " +
                (KernelQueue.IsSupported ? "is switched off)" : "has no kernel event queue here)");
        }

        var kqueue = OptionsOf(services);
        using var queue = KernelQueue.Create(kqueue.KernelQueue);
        return $"kqueue transport, backend {queue.BackendName}, loops {kqueue.LoopCount}, " +
            $"scheduling {kqueue.Scheduling}";
    }

    private static KqueueTransportOptions OptionsOf(IServiceProvider services) =>
        services.GetRequiredService<IOptions<KqueueTransportOptions>>().Value;

    private static void Apply(WebAppOptions options, KqueueTransportOptions kqueue)
    {
        kqueue.LoopCount = options.Loops ?? kqueue.LoopCount;
        kqueue.Scheduling = options.Scheduling ?? kqueue.Scheduling;
    }
}
