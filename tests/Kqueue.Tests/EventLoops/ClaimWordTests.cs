
using Kqueue.EventLoops.Driving;

namespace Kqueue.Tests.EventLoops;

/// <summary>The word as a value: what each step changes and what it leaves, also where a part wraps.</summary>
public sealed class ClaimWordTests
{
    private const int LastEpoch = ClaimWord.Epochs - 1;
    private const int LastTurn = ClaimWord.Turns - 1;

    [Fact]
    public void Initial_NobodyHasDriven_IsInTheWaitOfTurnZero()
    {
        Assert.Equal((0, 0, 0, ClaimWord.InWaitEvent), Parts(ClaimWord.Initial));
        Assert.True(ClaimWord.Initial.IsInWait);
    }

    [Fact]
    public void ClaimEvent_InATurn_MovesTheEventOnly() =>
        Assert.Equal((3, 5, 9, 8), Parts(Word(3, 5, 9, 7).ClaimEvent()));

    [Fact]
    public void ClaimEvent_LastOfATurn_IsNotTheWait() =>
        Assert.False(Word(0, 0, 0, ClaimWord.EventsMax - 1).ClaimEvent().IsInWait);

    [Fact]
    public void ClaimWork_InATurn_MovesTheWorkOnly() =>
        Assert.Equal((3, 5, 10, 7), Parts(Word(3, 5, 9, 7).ClaimWork()));

    [Fact]
    public void ClaimWork_LastOfATurn_LeavesTheTurn() => Assert.Equal(
        (3, 5, ClaimWord.WorkMax, 7), Parts(Word(3, 5, ClaimWord.WorkMax - 1, 7).ClaimWork()));

    [Fact]
    public void EnterWait_AfterTheLastClaim_KeepsEpochAndTurn()
    {
        var word = Word(3, 5, 9, 7).EnterWait();

        Assert.Equal((3, 5, true), (word.Epoch, word.Turn, word.IsInWait));
    }

    [Fact]
    public void BeginTurn_AfterTheWait_StartsTheNextTurnAtItsFirstEvent() =>
        Assert.Equal((3, 6, 0, 0), Parts(Word(3, 5, 9, ClaimWord.InWaitEvent).BeginTurn()));

    [Fact]
    public void BeginTurn_LastTurn_WrapsWithoutTouchingTheEpoch() =>
        Assert.Equal((3, 0, 0, 0), Parts(Word(3, LastTurn, ClaimWord.WorkMax, ClaimWord.InWaitEvent).BeginTurn()));

    [Fact]
    public void HandOver_InATurn_MovesTheEpochOnly() =>
        Assert.Equal((4, 5, 9, 7), Parts(Word(3, 5, 9, 7).HandOver()));

    [Fact]
    public void HandOver_LastEpoch_WrapsWithoutTouchingTheRest() => Assert.Equal(
        (0, LastTurn, ClaimWord.WorkMax, 7), Parts(Word(LastEpoch, LastTurn, ClaimWord.WorkMax, 7).HandOver()));

    private static (int Epoch, int Turn, int Work, int Event) Parts(ClaimWord word) =>
        (word.Epoch, word.Turn, word.Work, word.Event);

    private static ClaimWord Word(int epoch, int turn, int work, int @event) =>
        new(((long)epoch << 36) | ((long)turn << 24) | ((long)work << 14) | (uint)@event);
}
