namespace KqueueTransport.Simulation;

/// <summary>How much there is of everything in a seed.</summary>
internal sealed record Scale
{
    // A few long conversations, which cross every boundary.
    private static readonly Scale s_few = new()
    {
        ConversationsMin = 1,
        ConversationsMax = 8,
        ConversationBytesMax = 200_000,
        PeerPieceBytesMax = 70_000,
        OnlyEchoes = false,
        LoopsMax = 2,
        EventsPerWaitMax = 8,
    };

    // Many on one loop that ask and answer in small pieces, so that one wait has events for more handlers than may put
    // their work off.
    private static readonly Scale s_crowd = new()
    {
        ConversationsMin = 12,
        ConversationsMax = 24,
        ConversationBytesMax = 5_000,
        PeerPieceBytesMax = 500,
        OnlyEchoes = true,
        LoopsMax = 1,
        EventsPerWaitMax = 32,
    };

    // As many loops as a large machine has processors, most of them idle.
    private static readonly Scale s_manyLoops = new()
    {
        ConversationsMin = 1,
        ConversationsMax = 8,
        ConversationBytesMax = 5_000,
        PeerPieceBytesMax = 5_000,
        OnlyEchoes = false,
        LoopsMin = 64,
        LoopsMax = 64,
        EventsPerWaitMax = 8,
    };

    public required int ConversationsMin { get; init; }

    public required int ConversationsMax { get; init; }

    /// <summary>What each side of a conversation sends at most.</summary>
    public required int ConversationBytesMax { get; init; }

    /// <summary>What a peer sends or takes at a time at most.</summary>
    public required int PeerPieceBytesMax { get; init; }

    public required bool OnlyEchoes { get; init; }

    public int LoopsMin { get; init; } = 1;

    public required int LoopsMax { get; init; }

    public required int EventsPerWaitMax { get; init; }

    public static Scale Choose(Random random) => random.Next(64) switch
    {
        0 => s_manyLoops,
        < 9 => s_crowd,
        _ => s_few,
    };
}
