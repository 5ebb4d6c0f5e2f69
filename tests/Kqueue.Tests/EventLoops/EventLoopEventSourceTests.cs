using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>The hand-overs of a loop as an EventListener reads them.</summary>
public sealed class EventLoopEventSourceTests
{
    [Fact]
    public void HandOver_ABlockedHandlerThatComesBack_HasAStartAndAStop()
    {
        using var events = new Events("traced 0");
        using var release = new ManualResetEventSlim();
        using (var group = new EventLoopGroup(
            new EventLoopGroupOptions { LoopCount = 1, Loop = { Name = "traced" } }))
        {
            group.Loops[0].Post(_ => release.Wait(Until.Patience), null);
            Until.Holds(() => events.Of("HandOverStart").Length > 0, "A hand-over is not reported.");
            Assert.Empty(events.Of("HandOverStop"));
            release.Set();
            Until.Holds(() => events.Of("HandOverStop").Length > 0, "A return is not reported.");
        }

        var start = events.Of("HandOverStart")[0];
        var stop = Assert.Single(events.Of("HandOverStop"), stop => Equals(stop[1], start[1]));
        Assert.InRange((int)stop[2]!, 0, Until.Patience.TotalMilliseconds);
    }

    // A listener is the application's, and may wait for what the stuck handler holds.
    [Fact]
    public void HandOver_TheListenerBlocks_TheLoopGoesOnAndTheWatchTakesTheNext()
    {
        using var release = new ManualResetEventSlim();
        using var events = new Events("blocked 0") { Block = () => release.Wait(Until.Patience) };
        using var group = new EventLoopGroup(
            new EventLoopGroupOptions { LoopCount = 1, Loop = { Name = "blocked" } });
        for (var i = 0; i < 3; i++)
        {
            using var served = new ManualResetEventSlim();
            group.Loops[0].Post(_ => release.Wait(Until.Patience), null);
            group.Loops[0].Post(_ => served.Set(), null);

            Until.IsSet(served, "A loop is not taken from a handler that blocks.");
        }

        Until.Holds(() => events.Of("HandOverStart").Length > 0, "A hand-over is not reported.");
        release.Set();
        Assert.All(events.Threads, thread => Assert.True(thread.IsThreadPoolThread));
    }

    // Listeners hear of each source as it is made, too. Shows it where the source was not made before: alone.
    [Fact]
    public void Source_ALoopIsTaken_WasNotMadeOnTheWatch()
    {
        using var sources = new Sources();
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 1 });
        using var release = new ManualResetEventSlim();
        group.Loops[0].Post(_ => release.Wait(Until.Patience), null);

        Until.Holds(() => group.HandOverCount > 0, "The loop is not taken.");

        release.Set();
        Until.Holds(() => !Sources.MadeOn.IsEmpty, "The source is not made.");
        Assert.DoesNotContain("kqueue watch", Sources.MadeOn);
    }

    /// <summary>What the source has written about one loop.</summary>
    private sealed class Events : EventListener
    {
        private readonly ConcurrentQueue<EventWrittenEventArgs> _events = [];
        private readonly string _loop;

        /// <summary>Run for each event.</summary>
        public Action Block { get; init; } = () => { };

        /// <summary>Where the hand-overs of the loop were written.</summary>
        public ConcurrentQueue<Thread> Threads { get; } = [];

        public Events(string loop)
        {
            _loop = loop;
            EnableEvents(EventLoopEventSource.Log, EventLevel.Informational);
        }

        public object?[][] Of(string name) =>
        [
            .. _events.Where(written => written.EventName == name && Equals(written.Payload![0], _loop))
                .Select(written => written.Payload!.ToArray()),
        ];

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            _events.Enqueue(eventData);
            if (eventData.EventName == "HandOverStart" && Equals(eventData.Payload![0], _loop))
            {
                Threads.Enqueue(Thread.CurrentThread);
                Block();
            }
        }
    }

    /// <summary>Where the source was made, or who made this, if it was there.</summary>
    private sealed class Sources : EventListener
    {
        public static ConcurrentQueue<string?> MadeOn { get; } = [];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Kqueue")
            {
                MadeOn.Enqueue(Thread.CurrentThread.Name);
            }
        }
    }
}
