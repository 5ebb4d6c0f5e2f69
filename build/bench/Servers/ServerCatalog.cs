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

    /// <summary>The transport's other scheduling modes.</summary>
    public static IReadOnlyList<string> OtherSchedulings { get; } = ["threadpool", "inline"];

    public static ImmutableArray<BenchServer> All { get; } =
    [
        new WebAppServer(Baseline, "Kestrel Sockets", ["--transport", "sockets"]),
        new WebAppServer(
            "sockets-tuned",
            "Kestrel Sockets, tuned",
            ["--transport", "sockets-inline"],
            ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1")),
        new WebAppServer(Main, "kqueue, adaptive", ["--transport", "kqueue", "--scheduling", "adaptive"]),
        new WebAppServer("threadpool", "kqueue, thread pool", ["--transport", "kqueue", "--scheduling", "threadpool"]),
        new WebAppServer("inline", "kqueue, inline", ["--transport", "kqueue", "--scheduling", "inline"]),
        new EpollServer(),
    ];

    /// <summary>The colour of a server, the same in every chart.</summary>
    public static string ColourOf(BenchServer server) => Svg.ColourOf(All.IndexOf(server));
}
