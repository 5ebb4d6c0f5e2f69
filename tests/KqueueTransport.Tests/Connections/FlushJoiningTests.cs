using KqueueTransport.Connections.Output;

namespace KqueueTransport.Tests.Connections;

/// <summary>Which flushes off the loop are left to it.</summary>
public sealed class FlushJoiningTests
{
    private FlushJoining _joining = new();

    [Fact]
    public void MustTry_FirstFlush_IsFalseAndThenTrue()
    {
        Assert.False(_joining.MustTry());
        Assert.True(_joining.MustTry());
    }

    [Fact]
    public void MustTry_OthersHaveJoined_StaysTrue()
    {
        SkipAll();

        for (var i = 0; i < 10; i++)
        {
            Assert.True(_joining.MustTry());
            Leave(flushes: 2);
        }
    }

    [Fact]
    public void MustTry_NobodyJoins_SkipsTwiceAsManyEachTimeUpToTheMost()
    {
        SkipAll();
        for (var skipped = 1; skipped <= FlushJoining.SkippedMax; skipped *= 2)
        {
            Leave(flushes: 1);
            Assert.Equal(skipped, SkipAll());
        }

        Leave(flushes: 1);

        Assert.Equal(FlushJoining.SkippedMax, SkipAll());
    }

    [Fact]
    public void MustTry_OthersJoinAfterMuchSolitude_SkipsNoneAndThenOne()
    {
        for (var i = 0; i < 10; i++)
        {
            SkipAll();
            Leave(flushes: 1);
        }

        SkipAll();
        Leave(flushes: 300);
        Assert.Equal(0, SkipAll());
        Leave(flushes: 1);
        Assert.Equal(1, SkipAll());
    }

    // The loop sends for other reasons, too: the socket has room again, or its own application has flushed.
    [Fact]
    public void OnSending_NothingWasLeft_ChangesNothing()
    {
        SkipAll();

        _joining.OnSending();

        Assert.True(_joining.MustTry());
    }

    private int SkipAll()
    {
        var skipped = 0;
        while (!_joining.MustTry())
        {
            skipped++;
        }

        return skipped;
    }

    private void Leave(int flushes)
    {
        for (var i = 0; i < flushes; i++)
        {
            _joining.OnLeft();
        }

        _joining.OnSending();
    }
}
