using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;

namespace Kqueue.Tests.EventLoops;

/// <summary>What a handler did, by what its thread has used: the rule by itself, in milliseconds.</summary>
public sealed class ThreadUsageTests
{
    private const int NotTold = -1;

    // Queued is what the thread has waited for a core, and paused what the runtime has stopped it for.
    [Theory]
    [InlineData(1, 0, 0, 0, 1, nameof(HandlerStay.Quick))]
    [InlineData(50, 0, 0, 0, 1, nameof(HandlerStay.Blocked))]
    [InlineData(50, 49, 0, 0, 1, nameof(HandlerStay.Blocked))]
    [InlineData(50, 50, 0, 0, 1, nameof(HandlerStay.Computed))]
    [InlineData(50, 50, 0, 0, 0, nameof(HandlerStay.Computed))]
    [InlineData(50, 0, 50, 0, 1, nameof(HandlerStay.SetAside))]
    [InlineData(50, 0, 0, 50, 1, nameof(HandlerStay.SetAside))]
    [InlineData(50, 10, 40, 0, 1, nameof(HandlerStay.Computed))]
    [InlineData(50, 10, 0, 40, 1, nameof(HandlerStay.Computed))]
    public void Since_AllIsTold_SubtractsWhatWasNotSleep(
        int wall, int ran, int queued, int paused, int sleeps, string expected) =>
        Assert.Equal(expected, $"{Usage(wall, ran, queued, paused, sleeps).Since(Usage(0, 0, 0, 0, 0))}");

    // A host that takes the core of a virtual machine lets nobody sleep.
    [Fact]
    public void Since_TimeIsGoneAndTheThreadNeverSlept_WasSetAside() =>
        Assert.Equal(HandlerStay.SetAside, Usage(50, 0, 0, 0, 0).Since(Usage(0, 0, 0, 0, 0)));

    // Where nobody tells how long it waited for a core, some milliseconds may be that.
    [Theory]
    [InlineData(10, nameof(HandlerStay.SetAside))]
    [InlineData(50, nameof(HandlerStay.Blocked))]
    public void Since_NobodyTellsTheWaitForACore_TakesALongerSleep(int wall, string expected) =>
        Assert.Equal(expected, $"{Usage(wall, 0, NotTold, 0, 1).Since(Usage(0, 0, NotTold, 0, 0))}");

    // The thread sleeps between handlers, too, where it waits for events.
    [Theory]
    [InlineData(3, nameof(HandlerStay.SetAside))]
    [InlineData(4, nameof(HandlerStay.Blocked))]
    public void After_ItSleptInTheWaits_CountsTheOthers(int sleeps, string expected)
    {
        var stay = Usage(50, 0, 0, 0, sleeps)
            .After(Usage(0, 0, 0, 0, 0), TimeSpan.FromMilliseconds(50), ranNs: 0, waits: 3, asked: TimeSpan.Zero);

        Assert.Equal(expected, $"{stay}");
    }

    // What others ran before it on the thread is not its own.
    [Fact]
    public void After_OthersComputedBefore_IsWhatItDidItself() => Assert.Equal(
        HandlerStay.SetAside,
        Usage(50, 50, 0, 0, 0).After(
            Usage(0, 0, 0, 0, 0), TimeSpan.FromMilliseconds(50), ranNs: 0, waits: 0, asked: TimeSpan.Zero));

    // Between handlers it asks for events, and lets others run: neither is a handler's.
    [Theory]
    [InlineData(10, 0)]
    [InlineData(0, 10)]
    [InlineData(5, 5)]
    public void After_ItAskedInTheWaits_IsNoneOfTheHandlers(int ran, int queued)
    {
        var (busy, asked) = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(10));

        Assert.Equal(
            HandlerStay.Blocked,
            Usage(15, ran, queued, 0, 1).After(Usage(0, 0, 0, 0, 0), busy, ranNs: 0, waits: 0, asked));
        Assert.Equal(
            HandlerStay.SetAside,
            Usage(15, ran, queued + 5, 0, 1).After(Usage(0, 0, 0, 0, 0), busy, ranNs: 0, waits: 0, asked));
    }

    private static ThreadUsage Usage(int wall, int ran, int queued, int paused, int sleeps) => new(
        TimeSpan.FromMilliseconds(wall),
        ran * 1_000_000L,
        queued == NotTold ? NotTold : queued * 1_000_000L,
        TimeSpan.FromMilliseconds(paused),
        sleeps);
}
