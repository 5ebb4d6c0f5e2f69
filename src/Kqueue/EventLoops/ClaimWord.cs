namespace Kqueue.EventLoops;

/// <summary>
/// Where a loop stands, in one 64-bit word: <c>epoch | turn | cursor</c>. Whoever swaps the word forward owns what the
/// swap stands for: a driver one event or one piece of work, a hand-over the whole loop.
/// </summary>
/// <remarks>
/// The epoch counts hand-overs: a driver of an earlier epoch fails its next claim and leaves. The turn counts the
/// waits, so that the same cursor in two turns is not taken for a driver that stands still, and so that an event that
/// was read before the list was filled anew cannot be claimed. Epoch and turn wrap after 2^24; a driver would have to
/// sleep through exactly that many between two of its own instructions to be deceived.
/// </remarks>
internal readonly record struct ClaimWord(long Value)
{
    private const int CursorBits = 16;
    private const int TurnBits = 24;
    private const long CursorMask = (1L << CursorBits) - 1;
    private const long TurnMask = ((1L << TurnBits) - 1) << CursorBits;

    /// <summary>The cursor of a driver that is in the kernel's wait and so cannot be stuck in a handler.</summary>
    public const int InWaitCursor = (int)CursorMask;

    /// <summary>The largest cursor that a claim may reach.</summary>
    public const int MaxCursor = InWaitCursor - 1;

    /// <summary>The word of a loop that nobody has driven yet: in the wait of turn 0.</summary>
    public static ClaimWord Initial => new(InWaitCursor);

    public int Cursor => (int)(Value & CursorMask);

    public int Turn => (int)((Value & TurnMask) >> CursorBits);

    public int Epoch => (int)((ulong)Value >> (CursorBits + TurnBits));

    public bool IsInWait => Cursor == InWaitCursor;

    /// <summary>The next event or piece of work of the same turn is claimed.</summary>
    public ClaimWord NextClaim() => new(Value + 1);

    /// <summary>The driver enters the wait.</summary>
    public ClaimWord EnterWait() => new(Value | CursorMask);

    /// <summary>The wait is over and the event list is filled: a new turn begins at its first event.</summary>
    public ClaimWord BeginTurn() =>
        new((Value & ~(TurnMask | CursorMask)) | ((Value + (1L << CursorBits)) & TurnMask));

    /// <summary>The loop goes to another driver, which goes on at the same cursor of the same turn.</summary>
    public ClaimWord HandOver() => new(Value + (1L << (CursorBits + TurnBits)));
}
