using System.Diagnostics;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>How long entries wait for a loop that handlers hold up.</summary>
public sealed class GroupDelayTests : GroupSuite
{
    private static readonly TimeSpan s_watchPeriod = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan s_block = TimeSpan.FromMilliseconds(50);

    // The loop is taken over after one or two periods of the watch, and the entry behind the handler in the list has
    // waited so long and not for as long as the handler blocks. A machine that does not run the watch in time, or the
    // one that posts, gets another try.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Delay_BehindAHandlerThatBlocks_IsThatOfTheHandOver(bool isOfTheSameTurn)
    {
        var loop = StartGroup(watchPeriod: s_watchPeriod).Loop;

        Until.Holds(
            () => DelayBehindABlock(loop, isOfTheSameTurn) is var delay &&
                delay >= s_watchPeriod / 2 && delay < s_block / 2,
            "It waits, or is not said to.");
    }

    [Fact]
    public void Delay_HandlersSpin_IsTheTimeOfThoseBefore()
    {
        const int Handlers = 10;
        var spin = TimeSpan.FromMilliseconds(1);
        var loop = StartGroup(handOver: false).Loop;
        var delays = new Delays();
        loop.QueueDelays = delays;

        loop.Post(new WorkAction(() =>
        {
            for (var i = 0; i < Handlers; i++)
            {
                loop.Post(new WorkAction(() => Spin(spin)));
            }
        }));

        Until.Holds(() => delays.All.Length >= 2, "There is no delay.");
        Assert.InRange(delays.All[1], (Handlers - 1) * spin, Until.Patience);
    }

    /// <summary>The longest delay while a handler blocks.</summary>
    private static TimeSpan DelayBehindABlock(EventLoop loop, bool isOfTheSameTurn)
    {
        var delays = new Delays();
        using var ran = new ManualResetEventSlim();
        using var returned = new ManualResetEventSlim();
        loop.QueueDelays = delays;
        loop.Post(new WorkAction(() =>
        {
            loop.Post(new WorkAction(() =>
            {
                // What is posted here comes with the next wait, which is the next driver's.
                if (!isOfTheSameTurn)
                {
                    loop.Post(new WorkAction(ran.Set));
                }

                Thread.Sleep(s_block);
                returned.Set();
            }));
            if (isOfTheSameTurn)
            {
                loop.Post(new WorkAction(ran.Set));
            }
        }));
        Until.IsSet(ran, "The work does not run.");
        Until.IsSet(returned, "The handler does not return.");
        loop.QueueDelays = null;
        return delays.All.Max();
    }

    private static void Spin(TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            Thread.SpinWait(10);
        }
    }
}
