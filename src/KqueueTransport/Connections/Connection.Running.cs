using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using KqueueTransport.Connections.Continuations;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Diagnostics;

namespace KqueueTransport.Connections;

// Where the application runs, and what it did there.
internal sealed partial class Connection : IStayingHandler
{
    // What the last handlers did, as the table of the endpoint's placement counts it. From any thread.
    private byte _handlers;

    /// <summary>Whether the application runs on the loop, at the moment.</summary>
    public bool RunsInline => NextPlace is Place.Loop;

    private Place NextPlace => _endPoint.Placement.Next(Volatile.Read(in _handlers));

    /// <summary>
    /// Where the application goes on. On the loop; which is another thread's then, where it is likely to block.
    /// </summary>
    public Place TakePlace()
    {
        var place = NextPlace;
        return place is Place.GivenAway && !EventLoop.TryGiveAway() ? Place.Pool : place;
    }

    /// <summary>Runs the application, and notes what it does there, unless that is a loop's business.</summary>
    public void Resume(in Continuation continuation, Place place)
    {
        if (place is Place.Loop)
        {
            _endPoint.Placement.OnRan(ref _handlers, HandlerStay.Quick, onLoop: true);
            Run(continuation);
            return;
        }

        var before = ThreadUsage.Now(_loop.Clock, isEnd: false);
        Run(continuation);
        var stay = ThreadUsage.Now(_loop.Clock, isEnd: true).Since(before);
        _endPoint.Placement.OnRan(ref _handlers, stay, onLoop: false);
    }

    /// <summary>Runs the application on the thread pool.</summary>
    public void ResumeOnPool(in Continuation continuation)
    {
        if (_endPoint.Placement.Mode is Scheduling.Adaptive && !RunsInline)
        {
            Resume(continuation, Place.Pool);
        }
        else
        {
            Run(continuation);
        }
    }

    /// <summary>Resumes the application on the thread pool, by work that the reader or the writer does.</summary>
    public void ResumeElsewhere(IThreadPoolWorkItem work) => _loop.Queue(work);

    /// <summary>Runs the application on the thread pool.</summary>
    /// <remarks>By itself, because its closure is made with the call.</remarks>
    public void RunElsewhere(Continuation continuation) => ResumeElsewhere(new Resumption(() => Run(continuation)));

    /// <summary>
    /// Runs the application. What it throws here, past every async method, nobody else can catch: it ends this
    /// connection, and not the loop or the process.
    /// </summary>
    public void Run(in Continuation continuation)
    {
        try
        {
            continuation.Run();
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    /// <summary>
    /// A read or a flush was awaited. Whoever awaits one that another awaits already gets an error from it, and so does
    /// the other: what they have read or written in turn is no stream any more, and the connection ends.
    /// </summary>
    public void OnAwaited(Awaiting awaiting, in Continuation continuation)
    {
        if (awaiting != Awaiting.Pending)
        {
            RunElsewhere(continuation);
        }

        if (awaiting == Awaiting.Twice)
        {
            Fail(PipeErrors.Concurrent());
        }
    }

    /// <summary>The application has held up the loop, which was taken from it.</summary>
    public void OnStayed(HandlerStay stay)
    {
        _endPoint.Placement.OnRan(ref _handlers, stay, onLoop: true);
        if (stay is HandlerStay.Blocked)
        {
            TransportEventSource.Log.HandlerBlocks(this);
        }
    }
}
