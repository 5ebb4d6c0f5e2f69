using Kqueue.EventLoops;
using Kqueue.EventLoops.Threads;

namespace Kqueue.Tests.EventLoops;

/// <summary>The threads by themselves: a stack from which they are taken and to which they return.</summary>
public sealed class LoopThreadsTests : IDisposable
{
    private readonly List<EventLoop> _loops = [];
    private LoopThreads _threads = new(loopCount: 1, standbyMax: 1, TimeSpan.FromHours(1));

    public void Dispose()
    {
        _loops.ForEach(loop => loop.Dispose());
        _threads.Stop();
        Until.Holds(() => _threads.Counts.All == 0, "The threads do not end.");
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    public void Take_ThreadsAreBusy_GivesSoMany(bool isForced, int count)
    {
        var taken = Enumerable.Range(0, 5).Select(_ => _threads.Take(isForced)).ToList();

        Assert.Equal(count, taken.Count(thread => thread is not null));
        Assert.Equal((count, false), (_threads.Counts.All, _threads.CanLeaveBehind));
        taken.ForEach(thread => thread?.GiveBack());
        Until.Holds(() => _threads.Counts == (count, count), "The threads do not stand by again.");
        Assert.True(_threads.CanLeaveBehind);
    }

    [Fact]
    public void Take_AsManyAsANumberCanSay_GivesThreads()
    {
        _threads = new LoopThreads(loopCount: 2, standbyMax: int.MaxValue, TimeSpan.FromHours(1));

        var thread = _threads.Take(isForced: true);

        Assert.True(_threads.CanLeaveBehind);
        thread!.GiveBack();
    }

    [Fact]
    public void Take_SomeStandBy_IsTheLastToReturn()
    {
        var first = _threads.Take(isForced: false)!;
        var second = _threads.Take(isForced: false)!;
        GiveBack(first, standingBy: 1);
        GiveBack(second, standingBy: 2);

        Assert.Same(second, _threads.Take(isForced: false));
        Assert.Same(first, _threads.Take(isForced: false));
        first.GiveBack();
        second.GiveBack();
    }

    [Fact]
    public void Standby_NothingToDoForLong_TheThreadEnds()
    {
        _threads = new LoopThreads(loopCount: 1, standbyMax: 1, TimeSpan.FromMilliseconds(20));
        _threads.Take(isForced: false)!.GiveBack();

        Until.Holds(() => _threads.Counts.All == 0, "The thread does not end.");
    }

    // A thread that leaves just as it is called: the standby time is about that of a round.
    [Fact]
    public void Start_WhileThreadsLeave_EveryLoopIsDriven()
    {
        _threads = new LoopThreads(loopCount: 1, standbyMax: 1, TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 200; i++)
        {
            using var loop = new EventLoop();
            using var ran = new ManualResetEventSlim();
            Until.Holds(() => _threads.CanLeaveBehind, "No thread comes back.");
            _threads.Start(loop);
            loop.Post(new WorkAction(ran.Set));
            Until.IsSet(ran, $"Loop {i} has no thread.");
        }
    }

    [Fact]
    public void Stop_ThreadsStandByAndDrive_AllEndWhenTheyAreBack()
    {
        _loops.Add(new EventLoop());
        _threads.Start(_loops[0]);
        _threads.Take(isForced: false)!.GiveBack();

        _threads.Stop();

        Until.Holds(() => _threads.Counts.All == 1, "The thread that stood by does not end.");
        Assert.Null(_threads.Take(isForced: true));
    }

    private void GiveBack(IStandbyThread thread, int standingBy)
    {
        thread.GiveBack();
        Until.Holds(() => _threads.Counts.StandingBy == standingBy, "The thread does not stand by again.");
    }
}
