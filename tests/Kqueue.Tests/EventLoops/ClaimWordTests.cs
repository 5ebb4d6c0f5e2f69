using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>The word as a value: what each step changes and what it leaves, also where a part wraps.</summary>
public sealed class ClaimWordTests
{
    private const int Wrap = 1 << 24;

    [Fact]
    public void Initial_NobodyHasDriven_IsInTheWaitOfTurnZero() =>
        Assert.Equal((0, 0, true), (ClaimWord.Initial.Epoch, ClaimWord.Initial.Turn, ClaimWord.Initial.IsInWait));

    [Fact]
    public void NextClaim_InATurn_MovesTheCursorOnly()
    {
        var word = Word(3, 5, 7).NextClaim();

        Assert.Equal((3, 5, 8, false), (word.Epoch, word.Turn, word.Cursor, word.IsInWait));
    }

    [Fact]
    public void NextClaim_LastClaimOfATurn_IsNotTheWait() =>
        Assert.False(Word(0, 0, ClaimWord.MaxCursor - 1).NextClaim().IsInWait);

    [Fact]
    public void EnterWait_AfterTheLastClaim_KeepsEpochAndTurn()
    {
        var word = Word(3, 5, 7).EnterWait();

        Assert.Equal((3, 5, true), (word.Epoch, word.Turn, word.IsInWait));
    }

    [Fact]
    public void BeginTurn_AfterTheWait_StartsTheNextTurnAtItsFirstEvent()
    {
        var word = Word(3, 5, ClaimWord.InWaitCursor).BeginTurn();

        Assert.Equal((3, 6, 0), (word.Epoch, word.Turn, word.Cursor));
    }

    [Fact]
    public void BeginTurn_LastTurn_WrapsWithoutTouchingTheEpoch()
    {
        var word = Word(3, Wrap - 1, ClaimWord.InWaitCursor).BeginTurn();

        Assert.Equal((3, 0, 0), (word.Epoch, word.Turn, word.Cursor));
    }

    [Fact]
    public void HandOver_InATurn_MovesTheEpochOnly()
    {
        var word = Word(3, 5, 7).HandOver();

        Assert.Equal((4, 5, 7), (word.Epoch, word.Turn, word.Cursor));
    }

    [Fact]
    public void HandOver_LastEpoch_WrapsWithoutTouchingTheRest()
    {
        var word = Word(Wrap - 1, Wrap - 1, 7).HandOver();

        Assert.Equal((0, Wrap - 1, 7), (word.Epoch, word.Turn, word.Cursor));
    }

    private static ClaimWord Word(int epoch, int turn, int cursor) =>
        new(((long)epoch << 40) | ((long)turn << 16) | (uint)cursor);
}
