using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using Kqueue.EventLoops.Driving;

namespace Kqueue.Tests.EventLoops;

/// <summary>The hand-overs of a loop as an EventListener reads them.</summary>
public sealed class EventLoopEventSourceTests : GroupSuite
{
    [Fact]
    public void HandOver_ABlockedHandlerThatComesBack_HasAStartAndAStop()
    {
        using var events = new Events("traced 0");

        // A driver that is set aside before it comes to the handler has a start and a stop of its own.
        var stint = -1;
        StartGroup(name: "traced").Loop.Post(new WorkAction(() =>
        {
            Volatile.Write(ref stint, LoopDriver.Current!.Epoch);
            Block();
        }));

        Until.Holds(() => OfTheHandler("HandOverStart").Length > 0, "A hand-over is not reported.");
        Assert.Empty(OfTheHandler("HandOverStop"));
        Release();
        Until.Holds(() => OfTheHandler("HandOverStop").Length > 0, "A return is not reported.");
        Assert.InRange((int)Assert.Single(OfTheHandler("HandOverStop"))[2]!, 0, Until.Patience.TotalMilliseconds);

        object?[][] OfTheHandler(string name) =>
            [.. events.Of(name).Where(written => Equals(written[1], Volatile.Read(ref stint)))];
    }

    // A listener is the application's, and may wait for what the stuck handler holds.
    [Fact]
    public void HandOver_TheListenerBlocks_TheLoopGoesOnAndTheWatchTakesTheNext()
    {
        using var events = new Events("blocked 0") { Block = Block };
        var loop = StartGroup(name: "blocked").Loop;
        for (var i = 0; i < 3; i++)
        {
            using var served = new ManualResetEventSlim();
            loop.Post(new WorkAction(Block));
            loop.Post(new WorkAction(served.Set));

            Until.IsSet(served, "A loop is not taken from a handler that blocks.");
        }

        Until.Holds(() => events.Of("HandOverStart").Length > 0, "A hand-over is not reported.");
        Release();
        Assert.All(events.AreOnPool, Assert.True);
    }

    // Listeners hear of each source as it is made, too. Shows it where the source was not made before: alone.
    [Fact]
    public void Source_ALoopIsTaken_WasNotMadeOnTheWatch()
    {
        using var sources = new Sources();
        var (group, loop) = StartGroup();
        loop.Post(new WorkAction(Block));

        Until.Holds(() => group.HandOverCount > 0, "The loop is not taken.");

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

        /// <summary>Whether a thread of the pool wrote them, for each hand-over of the loop.</summary>
        public ConcurrentQueue<bool> AreOnPool { get; } = [];

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
                AreOnPool.Enqueue(Thread.CurrentThread.IsThreadPoolThread);
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
