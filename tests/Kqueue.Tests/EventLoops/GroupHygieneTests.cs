using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>What a handler leaves on its thread, the next one does not find.</summary>
public sealed class GroupHygieneTests : GroupSuite
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public void Handler_ChangesItsThread_TheNextFindsItAsItWas()
    {
        // Nobody takes the loop before the handler has put its work off, however slow the machine is.
        var loop = StartGroup(watchPeriod: TimeSpan.FromHours(1)).Loop;
        var seen = new ConcurrentQueue<object?>();
        loop.Post(new WorkAction(() => seen.Enqueue(Describe())));
        loop.Post(new WorkAction(() =>
        {
            s_local.Value = "left behind";
            new Activity("left behind").Start();
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            CultureInfo.CurrentCulture = CultureWithComma();
            Thread.CurrentThread.Priority = ThreadPriority.Lowest;
            Thread.CurrentThread.Name = "left behind";
            Thread.CurrentThread.IsBackground = false;
            ExecutionContext.SuppressFlow();
            EventLoop.TryDefer(new WorkAction(() => seen.Enqueue(Describe())));
        }));
        loop.Post(new WorkAction(() => seen.Enqueue(Describe())));

        Until.Holds(() => seen.Count == 3, "The work does not run.");
        Assert.Single(seen.Distinct());
    }

    // The thread that is made to go on with the loop would keep the context of whoever made it.
    [Fact]
    public void StandbyThread_MadeWithinAContext_DoesNotHaveIt()
    {
        var (group, loop) = StartGroup(watchPeriod: TimeSpan.FromHours(1));
        var seen = new ConcurrentQueue<string?>();
        loop.Post(new WorkAction(() =>
        {
            s_local.Value = "a request's";
            Assert.True(EventLoop.TryGiveAway());
            Block();
        }));
        loop.Post(new WorkAction(() => seen.Enqueue(s_local.Value)));

        Until.Holds(() => !seen.IsEmpty, "The loop does not go on.");
        Assert.Equal([null], seen);
        Assert.Equal(2, group.ThreadCount);
    }

    [Fact]
    public void Group_MadeWithinAContext_ItsThreadsDoNotHaveIt()
    {
        s_local.Value = "the starter's";
        var loop = StartGroup().Loop;
        using var own = new EventLoop();
        own.Start();
        var seen = new ConcurrentQueue<string?>();

        loop.Post(new WorkAction(() => seen.Enqueue(s_local.Value)));
        own.Post(new WorkAction(() => seen.Enqueue(s_local.Value)));

        Until.Holds(() => seen.Count == 2, "The work does not run.");
        Assert.All(seen, Assert.Null);
    }

    // The caller of Run gets its thread back with what it had on it.
    [Fact]
    public void Run_OnTheCallersThread_LeavesWhatTheCallerHad()
    {
        using var loop = new EventLoop();
        s_local.Value = "the caller's";
        var seen = new List<string?>();
        loop.Post(new WorkAction(() => s_local.Value = "a handler's"));
        loop.Post(new WorkAction(() => seen.Add(s_local.Value)));
        loop.Post(new WorkAction(loop.Stop));

        loop.Run();

        Assert.Equal(["the caller's"], seen);
        Assert.Equal("the caller's", s_local.Value);
    }

    private static CultureInfo CultureWithComma()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        return culture;
    }

    private static object Describe() => (
        s_local.Value,
        Activity.Current?.OperationName,
        SynchronizationContext.Current,
        (1.5).ToString(CultureInfo.CurrentCulture),
        Thread.CurrentThread.Priority,
        Thread.CurrentThread.Name,
        Thread.CurrentThread.IsBackground,
        ExecutionContext.IsFlowSuppressed());
}
