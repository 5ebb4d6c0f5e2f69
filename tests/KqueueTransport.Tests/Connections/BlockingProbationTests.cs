using KqueueTransport.Connections.Placement;

namespace KqueueTransport.Tests.Connections;

/// <summary>When a connection's handlers leave the loop, and what it takes to return.</summary>
public sealed class BlockingProbationTests
{
    private static readonly TimeSpan s_quick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_blocked = TimeSpan.FromMilliseconds(30);

    private BlockingProbation _probation;
    private byte _shortages;

    [Fact]
    public void OnStuck_Once_StaysOnTheLoop()
    {
        _probation.OnStuck();

        Assert.False(_probation.IsOffLoop);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(BlockingProbation.HandlersOnProbation - 1, true)]
    [InlineData(BlockingProbation.HandlersOnProbation, false)]
    public void OnStuck_AgainAfterSoManyHandlers_LeavesTheLoopOnlyOnProbation(int between, bool isOffLoop)
    {
        _probation.OnStuck();
        RunOnLoop(between);
        _probation.OnStuck();

        Assert.Equal(isOffLoop, _probation.IsOffLoop);
    }

    [Fact]
    public void OnRanOffLoop_EnoughQuickOnes_ReturnsToTheLoop()
    {
        LeaveTheLoop();

        RunOffLoop(BlockingProbation.HandlersOffLoop - 1, s_quick);
        Assert.True(_probation.IsOffLoop);
        RunOffLoop(1, s_quick);

        Assert.False(_probation.IsOffLoop);
    }

    [Fact]
    public void OnRanOffLoop_OneBlocks_BeginsAnew()
    {
        LeaveTheLoop();

        RunOffLoop(BlockingProbation.HandlersOffLoop - 1, s_quick);
        RunOffLoop(1, s_blocked);
        RunOffLoop(BlockingProbation.HandlersOffLoop - 1, s_quick);
        Assert.True(_probation.IsOffLoop);
        RunOffLoop(1, s_quick);

        Assert.False(_probation.IsOffLoop);
    }

    // It may have been the kernel that took the core away for a moment, and it may have been a short block.
    [Fact]
    public void OnRanOffLoop_NeitherQuickNorLong_CountsForNothing()
    {
        LeaveTheLoop();

        RunOffLoop(BlockingProbation.HandlersOffLoop - 1, s_quick);
        RunOffLoop(100, s_slow);
        Assert.True(_probation.IsOffLoop);
        RunOffLoop(1, s_quick);

        Assert.False(_probation.IsOffLoop);
    }

    [Fact]
    public void OnStuck_RightAfterTheReturn_LeavesTheLoopAgain()
    {
        LeaveTheLoop();
        RunOffLoop(BlockingProbation.HandlersOffLoop, s_quick);

        RunOnLoop(1);
        _probation.OnStuck();

        Assert.True(_probation.IsOffLoop);
    }

    [Fact]
    public void IsQuick_TwoHandlersOnTheLoop_FromTheSecondOn()
    {
        RunOnLoop(1);
        Assert.False(_probation.IsQuick(_shortages));
        RunOnLoop(1);

        Assert.True(_probation.IsQuick(_shortages));
    }

    [Fact]
    public void IsQuick_AfterABlock_BeginsAnew()
    {
        RunOnLoop(2);
        _probation.OnStuck();
        Assert.False(_probation.IsQuick(_shortages));

        RunOffLoop(2, s_quick);
        Assert.True(_probation.IsQuick(_shortages));
        RunOffLoop(1, s_blocked);

        Assert.False(_probation.IsQuick(_shortages));
    }

    [Fact]
    public void IsQuick_ThreadsRunShort_HasToBeShownAgain()
    {
        RunOnLoop(100);
        _shortages++;
        Assert.False(_probation.IsQuick(_shortages));

        RunOffLoop(1, s_quick);
        Assert.False(_probation.IsQuick(_shortages));
        RunOffLoop(1, s_quick);

        Assert.True(_probation.IsQuick(_shortages));
    }

    [Fact]
    public void OnRanOffLoop_QuickWhileTheListenerIsAway_IsNoProbation()
    {
        RunOffLoop(100, s_quick);

        _probation.OnStuck();

        Assert.False(_probation.IsOffLoop);
    }

    [Fact]
    public void OnRanOffLoop_BlocksWhileTheListenerIsAway_StaysOffTheLoop()
    {
        RunOffLoop(1, s_blocked);

        Assert.True(_probation.IsOffLoop);
    }

    private void LeaveTheLoop()
    {
        _probation.OnStuck();
        _probation.OnStuck();
    }

    private void RunOnLoop(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _probation.OnRunOnLoop(_shortages);
        }
    }

    private void RunOffLoop(int count, TimeSpan duration)
    {
        for (var i = 0; i < count; i++)
        {
            _probation.OnRanOffLoop(duration, _shortages);
        }
    }
}
