using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>Where a driver stands: the name of the access to shared memory that it makes next.</summary>
internal enum DriverStep : byte
{
    None,
    ReadWord,
    Choose,
    CopyEvent,
    ClaimEvent,
    EnterHandler,
    Defer,
    LookAtEpoch,
    FlushAtOnce,
    InHandler,
    NeverReturns,
    TakeDeferred,
    Flush,
    LookForWork,
    ClaimWork,
    RunWork,
    EnterWait,
    LookWhetherStopping,
    LookWhetherDone,
    LookForWorkAgain,
    LookWhetherStoppingAgain,
    Poll,
    Wait,
    Fill,
    OnAwake,
    SetCount,
    BeginTurn,
    LookAtParked,
    TakeParked,
    SetUnpark,
    End,
    MoveWork,
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
    TakeDeferred,
    Flush,
    Assign,
    ResetUnpark,
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

/// <summary>
/// A driver's own memory. <c>Deferred</c> has the bits of what is put off, which the watch takes too.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ModelDriver
{
    public DriverStep Step;
    public PackedWord Word;
    public byte Copy;
    public byte Taken;
    public byte Deferred;
    public byte Count;
}

[InlineArray(ClaimModel.DriversMax)]
internal struct ModelDrivers
{
    private ModelDriver _first;
}

[InlineArray(ClaimModel.ListLength)]
internal struct ModelEvents
{
    private byte _first;
}

/// <summary>Everything that can differ between two moments of the model. Compared and hashed by its bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ModelState : IEquatable<ModelState>
{
    // The loop.
    public PackedWord Word;
    public ModelEvents Events;
    public byte EventCount;
    public ModelDrivers Drivers;
    public RunState RunState;

    // The work queue: the items' bits, and how many were put in. They leave in the order of their numbers.
    public byte Queued;
    public byte WakeTaken;

    // The kernel: events that are ready, and the wake.
    public byte Ready;
    public byte Triggered;

    // What has happened, by the bit of the event or of the work.
    public byte Dispatched;
    public byte Executed;
    public byte Unflushed;

    public PosterStep PosterStep;
    public byte PostersItem;
    public byte PosterSawWait;
    public StopperStep StopperStep;

    public WatchStep WatchStep;
    public PackedWord WatchSeen;
    public byte WatchTarget;
    public byte WatchHolds;
    public byte Parked;
    public byte Unpark;

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

/// <summary>A <see cref="ClaimWord"/> in two bytes; the small numbers of the model fit.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct PackedWord(ushort Bits)
{
    private const int CursorInWait = 0xFF;

    public static PackedWord Pack(ClaimWord word)
    {
        var cursor = word.IsInWait ? CursorInWait : word.Cursor;
        var packed = new PackedWord((ushort)((word.Epoch << 14) | (word.Turn << 8) | cursor));
        Assert.Equal(word, packed.Unpack());
        return packed;
    }

    public ClaimWord Unpack()
    {
        var cursor = (Bits & CursorInWait) == CursorInWait ? ClaimWord.InWaitCursor : Bits & CursorInWait;
        return new ClaimWord(((long)(Bits >> 14) << 40) | ((long)((Bits >> 8) & 0x3F) << 16) | (uint)cursor);
    }
}
