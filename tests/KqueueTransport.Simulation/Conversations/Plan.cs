namespace KqueueTransport.Simulation.Conversations;

/// <summary>What the application does with a connection.</summary>
internal enum Style
{
    Echo,
    Download,
    Upload,
    BothWays,

    /// <summary>It does nothing until it is told that the connection has ended.</summary>
    WaitForEnd,
}

/// <summary>How the peer ends its side.</summary>
internal enum PeerEnd
{
    /// <summary>As soon as it has sent everything; it goes on to read.</summary>
    FinAfterSending,

    /// <summary>When it has seen the server's end.</summary>
    FinAfterEnd,

    /// <summary>It resets the connection in the middle.</summary>
    Reset,

    /// <summary>It stops in the middle and says nothing more.</summary>
    Silence,
}

/// <summary>How the application ends the connection.</summary>
internal enum ApplicationEnd
{
    Complete,
    CompleteWithError,
    Abort,
    DisposeOnly,
}

/// <summary>One conversation as the seed has it.</summary>
internal sealed record Plan
{
    /// <summary>The smallest read buffer of a run, which an end behind fewer bytes is found through.</summary>
    public const int ReadAheadMin = 1000;

    // Each takes some twenty steps, and a run shall end.
    private const int AwaitedEchoesMax = 500;

    public required int Id { get; init; }

    public required Style Style { get; init; }

    public required PeerEnd PeerEnd { get; init; }

    public required ApplicationEnd ApplicationEnd { get; init; }

    public required long ToServer { get; init; }

    public required long ToPeer { get; init; }

    /// <summary>Whether the peer waits for the echo of a piece before it sends the next.</summary>
    public required bool PeerAwaitsEcho { get; init; }

    /// <summary>Sent bytes after which a peer resets or falls silent.</summary>
    public required long PeerStopsAt { get; init; }

    /// <summary>Cancellations, aborts and the like from other threads.</summary>
    public required int Disturbances { get; init; }

    /// <summary>The largest piece that the peer sends or takes at a time.</summary>
    public required int PeerPieceMax { get; init; }

    /// <summary>The largest piece that the application writes at a time.</summary>
    public required int WriteMax { get; init; }

    public required int ReceiveBufferBytes { get; init; }

    public required int SendBufferBytes { get; init; }

    /// <summary>Whether both sides mean to get every byte across.</summary>
    public bool IsPeaceful =>
        PeerEnd is PeerEnd.FinAfterSending or PeerEnd.FinAfterEnd && ApplicationEnd == ApplicationEnd.Complete;

    public static Plan Make(Random random, int id, Scale scale)
    {
        var style = scale.OnlyEchoes ? Style.Echo
            : random.Next(12) == 0 ? Style.WaitForEnd
            : (Style)random.Next((int)Style.WaitForEnd);
        var toServer = style switch
        {
            Style.Download => random.Next(200),
            Style.WaitForEnd => random.Next(ReadAheadMin),
            _ => Size(random, scale.ConversationBytesMax),
        };
        var piece = (int)Size(random, scale.PeerPieceBytesMax);
        return new Plan
        {
            Id = id,
            Style = style,
            PeerEnd = random.Next(8) switch
            {
                _ when style == Style.WaitForEnd => random.Next(2) == 0 ? PeerEnd.FinAfterSending : PeerEnd.Reset,
                < 3 => PeerEnd.FinAfterSending,
                < 6 => PeerEnd.FinAfterEnd,
                6 => PeerEnd.Reset,
                _ => PeerEnd.Silence,
            },
            PeerAwaitsEcho = style == Style.Echo && toServer / piece < AwaitedEchoesMax && random.Next(2) == 0,
            ApplicationEnd = random.Next(3) > 0 ? ApplicationEnd.Complete : (ApplicationEnd)random.Next(4),
            ToServer = toServer,
            ToPeer = style switch
            {
                Style.Echo => toServer,
                Style.Upload => random.Next(500),
                Style.WaitForEnd => 0,
                _ => Size(random, scale.ConversationBytesMax),
            },
            PeerStopsAt = random.NextInt64(toServer + 1),
            Disturbances = random.Next(3) == 0 ? random.Next(1, 5) : 0,
            PeerPieceMax = piece,
            WriteMax = (int)Size(random, 20_000),
            ReceiveBufferBytes = 1000 + (int)Size(random, 60_000),
            SendBufferBytes = 1000 + (int)Size(random, 60_000),
        };
    }

    // As many sizes of one digit as of five.
    private static long Size(Random random, int most) => (long)Math.Pow(most, 0.2 + (0.8 * random.NextDouble()));
}
