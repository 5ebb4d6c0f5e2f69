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
    public static bool RunsOnLoops(WebAppOptions options) =>
        options.Transport == TransportKind.Kqueue && KernelQueue.IsSupported;

    public static string Describe(WebAppOptions options, IServiceProvider services)
    {
        if (options.Transport != TransportKind.Kqueue)
        {
            var scheduling = options.Transport == TransportKind.SocketsInline ? "inline" : "thread pool";
            return $"Kestrel's Sockets, scheduling {scheduling} (--loops and --scheduling do not apply)";
        }

        var kqueue = services.GetRequiredService<IOptions<KqueueTransportOptions>>().Value;
        return $"kqueue transport, backend {BackendName(kqueue)}, loops {kqueue.LoopCount}, " +
            $"scheduling {kqueue.Scheduling}";
    }

    private static string BackendName(KqueueTransportOptions options)
    {
        if (!KernelQueue.IsSupported)
        {
            return "none (Kestrel's Sockets serve)";
        }

        using var queue = KernelQueue.Create(options.KernelQueue);
        return queue.BackendName;
    }

    private static void Apply(WebAppOptions options, KqueueTransportOptions kqueue)
    {
        kqueue.LoopCount = options.Loops ?? kqueue.LoopCount;
        kqueue.Scheduling = options.Scheduling ?? kqueue.Scheduling;
    }
}
