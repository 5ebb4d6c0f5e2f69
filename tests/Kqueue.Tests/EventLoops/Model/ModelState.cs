using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kqueue.EventLoops.Driving;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>Where a driver stands: the name of the access to shared memory that it makes next.</summary>
internal enum DriverStep : byte
{
    None,

    // Called, and not run by the kernel yet.
    Begin,
    ReadWord,
    Choose,
    CopyEntry,
    ClaimEntry,
    LookAtLeftBehind,
    EnterHandler,
    LookAtEpoch,
    Owe,
    LookAtEpochAgain,
    InHandler,
    ReadWordToGiveAway,
    GiveAway,
    NeverReturns,
    LeaveHandler,
    ClaimOwed,
    RunOwed,
    EnterWait,
    LookWhetherStopping,
    LookWhetherDone,
    LookForWorkAgain,
    LookForOwedAgain,
    LookWhetherStoppingAgain,
    Poll,
    Wait,
    Fill,
    LookAtWake,
    LowerWake,
    TakeWork,
    BeginTurn,
    LookAtParked,
    TakeParked,
    End,
    MoveWork,
    ReturnToLeftBehind,
    PostHeld,

    // EventLoop.OnAdded, for what was owed or held.
    LookAtWord,
    TakeWake,
    Trigger,
    LookWhetherStopped,
    MoveAdded,
    Left,
}

internal enum PosterStep : byte
{
    Enqueue,
    LookAtWord,
    TakeWake,
    Trigger,
    LookWhetherStopped,
    MoveWork,
    Done,
}

internal enum StopperStep : byte
{
    Stop,
    TakeWake,
    Trigger,
    Done,
}

internal enum WatchStep : byte
{
    Look,
    HandOver,
    RaiseParked,
    LookAgain,
    Asleep,
    LowerParked,
}

internal enum RunState : byte
{
    Running,
    Stopping,
    Stopped,
}

/// <summary>A hand-over that has swapped the word: what is left to do, of the watch or of a driver.</summary>
internal enum HandOverStep : byte
{
    None,
    AddLeftBehind,
    SetDriver,
}

[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ModelDriver
{
    public DriverStep Step;
    public PackedWord Word;
    public byte Copy;

    // The registration that it runs, or is about to claim an event of: read by others.
    public byte Running;

    // Events that wait for it: written by others.
    public byte Held;

    public byte Count;

    // What it has put off itself, with the flaw.
    public byte Own;

    // Where it goes on after LookWhetherStopped.
    public DriverStep Next;
    public HandOverStep HandOver;
}

[InlineArray(ClaimModel.DriversMax)]
internal struct ModelDrivers
{
    private ModelDriver _first;
}

[InlineArray(ClaimModel.ListLength)]
internal struct ModelEntries
{
    private byte _first;
}

/// <summary>Everything that can differ between two moments of the model. Compared and hashed by its bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ModelState : IEquatable<ModelState>
{
    // The loop.
    public PackedWord Word;
    public ModelEntries Entries;
    public byte EntryCount;
    public ModelDrivers Drivers;
    public RunState RunState;

    // The number of the driver that the loop was given to last, and who has lost it and is not back, as bits.
    public byte Driver;
    public byte LeftBehind;

    // The queues: bits of posted work and of events that were held; of what the loop owes.
    public byte Queued;
    public byte QueuedHeld;
    public byte Owed;
    public byte WakeTaken;

    // The kernel: events that are ready, and the wake.
    public byte Ready;
    public byte Triggered;

    // What has happened, by the bit of the event or of the work; and what was put off and has not been done.
    public byte Dispatched;
    public byte Executed;
    public byte Unflushed;

    public PosterStep PosterStep;
    public byte PostersItem;
    public byte PosterSawWait;
    public StopperStep StopperStep;

    public WatchStep WatchStep;
    public PackedWord WatchSeen;
    public HandOverStep WatchHandOver;
    public byte Parked;

    public readonly bool Equals(ModelState other) => Bytes(this).SequenceEqual(Bytes(other));

    public override readonly bool Equals(object? obj) => obj is ModelState other && Equals(other);

    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes(this));
        return hash.ToHashCode();
    }

    private static ReadOnlySpan<byte> Bytes(in ModelState state) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<ModelState>(in state));
}

/// <summary>A <see cref="ClaimWord"/> in three bytes; the small numbers of the model fit.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct PackedWord(byte EpochAndTurn, byte Work, byte Event)
{
    private const int EventInWait = 0xFF;
    private const int TurnBits = 5;

    public static PackedWord Pack(ClaimWord word)
    {
        var packed = new PackedWord(
            (byte)((word.Epoch << TurnBits) | word.Turn),
            (byte)word.Work,
            (byte)(word.IsInWait ? EventInWait : word.Event));
        Assert.Equal(word, packed.Unpack());
        return packed;
    }

    public ClaimWord Unpack() => new(
        ((long)(EpochAndTurn >> TurnBits) << 36) |
        ((long)(EpochAndTurn & ((1 << TurnBits) - 1)) << 24) |
        ((long)Work << 14) |
        (uint)(Event == EventInWait ? ClaimWord.InWaitEvent : Event));
}
