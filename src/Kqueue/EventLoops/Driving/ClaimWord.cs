namespace Kqueue.EventLoops.Driving;

/// <summary>
/// Where a loop stands, in one 64-bit word: <c>epoch | turn | work | event</c>. Whoever swaps the word forward owns
/// what the swap stands for: a driver one entry of the turn's list or one piece of what the loop owes, a hand-over the
/// whole loop.
/// </summary>
/// <remarks>
/// The epoch counts hand-overs: a driver of an earlier epoch fails its next claim and leaves. The turn counts the
/// waits, so that the same cursors in two turns are not taken for a driver that stands still. Epoch and turn wrap after
/// 2^28 and 2^12: a driver would have to be away for exactly so many hand-overs to be deceived, and the watch for
/// exactly so many turns, which costs a needless hand-over.
/// </remarks>
internal readonly record struct ClaimWord(long Value)
{
    private const int EventBits = 14;
    private const int WorkBits = 10;
    private const int TurnBits = 12;
    private const int TurnShift = EventBits + WorkBits;
    private const int EpochShift = TurnShift + TurnBits;
    private const long EventMask = (1L << EventBits) - 1;
    private const long TurnMask = ((1L << TurnBits) - 1) << TurnShift;
    private const long CursorsMask = (1L << TurnShift) - 1;

    /// <summary>How many epochs there are before they wrap.</summary>
    public const int Epochs = 1 << (64 - EpochShift);

    /// <summary>How many turns there are before they wrap.</summary>
    public const int Turns = 1 << TurnBits;

    /// <summary>The event cursor of a driver that is in the kernel's wait, and so not stuck in a handler.</summary>
    public const int InWaitEvent = (int)EventMask;

    /// <summary>The most entries that the list of a turn may have.</summary>
    public const int EventsMax = InWaitEvent - 1;

    /// <summary>The most pieces of what the loop owes that a turn may claim, and of other work.</summary>
    public const int WorkMax = (1 << WorkBits) - 1;

    /// <summary>The word of a loop that nobody has driven yet: in the wait of turn 0.</summary>
    public static ClaimWord Initial => new(EventMask);

    /// <summary>The next entry of the turn's list.</summary>
    public int Event => (int)(Value & EventMask);

    /// <summary>How many pieces of what the loop owes were claimed in this turn.</summary>
    public int Work => (int)(Value >> EventBits) & WorkMax;

    public int Turn => (int)(Value >> TurnShift) & (Turns - 1);

    public int Epoch => (int)((ulong)Value >> EpochShift);

    public bool IsInWait => Event == InWaitEvent;

    /// <summary>The next entry of the turn's list is claimed.</summary>
    public ClaimWord ClaimEvent() => new(Value + 1);

    /// <summary>A piece of what the loop owes is claimed.</summary>
    public ClaimWord ClaimWork() => new(Value + (1L << EventBits));

    /// <summary>The driver enters the wait.</summary>
    public ClaimWord EnterWait() => new(Value | EventMask);

    /// <summary>The wait is over and the list is filled: a new turn begins at its first entry.</summary>
    public ClaimWord BeginTurn() =>
        new((Value & ~(TurnMask | CursorsMask)) | ((Value + (1L << TurnShift)) & TurnMask));

    /// <summary>The loop goes to another driver, which goes on at the same cursors of the same turn.</summary>
    public ClaimWord HandOver() => new(Value + (1L << EpochShift));
}
