namespace Bench.Tools;

/// <summary>What wrk is asked to do.</summary>
/// <param name="Connections">How many connections, each with one request under way at a time.</param>
/// <param name="Address">What is asked for.</param>
internal sealed record WrkLoad(int Connections, Uri Address)
{
    /// <summary>Header lines beyond wrk's own.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>How many threads make it; null for half of the machine's processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether wrk keeps off the first processor, where the server is.</summary>
    public bool IsBesideServer { get; init; }

    /// <summary>The words for bench.lua that say what is sent; none sends a plain GET.</summary>
    public IReadOnlyList<string> Script { get; init; } = [];
}
