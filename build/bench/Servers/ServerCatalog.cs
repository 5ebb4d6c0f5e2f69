using System.Collections.Immutable;
using Bench.Charts;

namespace Bench.Servers;

/// <summary>The servers that are compared.</summary>
internal static class ServerCatalog
{
    /// <summary>The server that ratios are to.</summary>
    public const string Baseline = "sockets";

    /// <summary>The transport with its default settings.</summary>
    public const string Main = "adaptive";

    /// <summary>What cases compare where nothing else is worth the time.</summary>
    public static IReadOnlyList<string> Usual { get; } = [Baseline, "sockets-tuned", Main, "epoll"];

    /// <summary>The same and all other forms.</summary>
    public static IReadOnlyList<string> Forms { get; } =
        [Baseline, "sockets-nospin", "sockets-tuned", "sockets-tuned-nospin", Main, "threadpool", "inline", "epoll"];

    /// <summary>What samples/Proxy knows.</summary>
    public static IReadOnlyList<string> OfProxy { get; } = [Baseline, Main];

    private static readonly (string Name, string Value) s_inlineCompletions =
        ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

    // Threads of .NET's pool that have nothing to do sleep at once, instead of looking for work for a while.
    private static readonly (string Name, string Value) s_noSpinning =
        ("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0");

    /// <summary>The small server in C.</summary>
    public static BenchServer Epoll { get; } = new EpollServer();

    public static ImmutableArray<BenchServer> All { get; } =
    [
        new WebAppServer(Baseline, "Kestrel Sockets", "sockets", []),
        new WebAppServer("sockets-nospin", "Kestrel Sockets, no spinning", "sockets", [], s_noSpinning),
        new WebAppServer("sockets-tuned", "Kestrel Sockets, tuned", "sockets-inline", [], s_inlineCompletions),
        new WebAppServer(
            "sockets-tuned-nospin",
            "Kestrel Sockets, tuned, no spinning",
            "sockets-inline",
            [],
            s_inlineCompletions,
            s_noSpinning),
        new WebAppServer(Main, "kqueue, adaptive", "kqueue", ["--scheduling", "adaptive"]),
        new WebAppServer("threadpool", "kqueue, thread pool", "kqueue", ["--scheduling", "threadpool"]),
        new WebAppServer("inline", "kqueue, inline", "kqueue", ["--scheduling", "inline"]),
        Epoll,
    ];

    /// <summary>The colour of a server, the same in every chart.</summary>
    public static string ColourOf(BenchServer server) => Svg.ColourOf(All.IndexOf(server));
}
