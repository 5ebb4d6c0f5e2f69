using System.Net;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using Kqueue.EventLoops.Threads;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Connections.Continuations;
using KqueueTransport.Outbound;
using KqueueTransport.Simulation.Actors;
using KqueueTransport.Simulation.Conversations;
using KqueueTransport.Simulation.Dials;
using KqueueTransport.Simulation.Kernel;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Simulation;

/// <summary>
/// The simulated process: loops and the threads that drive them, the thread pool, the watch, a listener, a server that
/// accepts from it, and a client that connects to others.
/// </summary>
internal sealed class Process : IStandbyThreads, IDisposable
{
    private const int PoolThreads = 2;

    private readonly SimulatedKernel _kernel;
    private readonly IReadOnlyDictionary<int, Peer> _peers;
    private readonly List<IThreadPoolWorkItem> _work = [];
    private readonly EventLoop[] _loops;
    private readonly TransportLoops _transport;
    private readonly KqueueConnectionListener _listener;
    private readonly Dialer _dialer;
    private bool _isUnbound;
    private bool _isStopping;
    private bool _areLoopsStopping;

    public Process(
        SimulatedKernel kernel,
        Scale scale,
        SimulatedListener socket,
        IReadOnlyDictionary<int, Peer> peers,
        Func<Process, IReadOnlyList<Dial>> makeDials)
    {
        _kernel = kernel;
        _peers = peers;
        Log = new RunLog(kernel.Scheduler);
        var options = ChooseOptions(scale);
        Lingers = options.LingerTimeout > TimeSpan.Zero;
        HalfCloses = options.HalfClose;
        HandsOver = options.Scheduling == Scheduling.Adaptive;
        _loops = new EventLoop[options.LoopCount];
        for (var i = 0; i < _loops.Length; i++)
        {
            _loops[i] = new EventLoop(LoopOptions(scale))
            {
                StandbyThreads = HandsOver ? this : null,
            };
        }

        _transport = new TransportLoops(
            options,
            kernel.Calls,
            Log,
            Memory,
            group: new EventLoopGroup(_loops, HandsOver ? this : null),
            clock: kernel.Clock,
            queue: Queue);
        if (Random.Next(2) == 0)
        {
            Array.ForEach(_loops, loop => loop.QueueDelays = new Moments(Scheduler, Random));
        }

        socket.BacklogMax = options.Backlog;
        _listener = new KqueueConnectionListener(socket, _transport, options, Log);
        Dials = makeDials(this);
        var connector = new Connector(_transport, options, Log, ResolveAsync);
        _dialer = new Dialer(this, Dials, connector, options.ConnectTimeout);
    }

    public SimulatedKernel Kernel => _kernel;

    public Random Random => _kernel.Random;

    public Faults Faults => _kernel.Faults;

    public Scheduler Scheduler => _kernel.Scheduler;

    public CheckingMemoryPoolFactory Memory { get; } = new();

    public RunLog Log { get; }

    /// <summary>Whether closed descriptors of accepted connections wait for the peer's end.</summary>
    public bool Lingers { get; }

    /// <summary>Whether the two directions end apart.</summary>
    public bool HalfCloses { get; }

    /// <summary>Whether a loop is taken from a handler that is stuck.</summary>
    public bool HandsOver { get; }

    public List<Conversation> Conversations { get; } = [];

    public IReadOnlyList<Dial> Dials { get; }

    /// <summary>Whether an outbound connection is being made.</summary>
    public bool IsConnecting => _dialer.IsBusy;

    /// <summary>Whether the loops are about to end, or have.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Whether there is nothing left for its threads.</summary>
    public bool HasEnded => _areLoopsStopping && !IsConnecting;

    /// <summary>Whether the loops' timers, from now on, are the clock's.</summary>
    public bool HaveLoopsEnded => Array.TrueForAll(_loops, loop => loop.Completion.IsCompleted);

    public long HandOvers { get; private set; }

    public void Start()
    {
        foreach (var loop in _loops)
        {
            var driver = loop.TakeStart();
            Scheduler.Start("driver", () => loop.Drive(driver));
        }

        for (var i = 0; i < PoolThreads; i++)
        {
            Scheduler.Start("pool", RunPool);
        }

        if (HandsOver)
        {
            Scheduler.Start("watch", Watch);
        }

        Scheduler.Start("probes", new Probes(_kernel, _loops).Run);
        Scheduler.Start("server", Accept);
        _dialer.Start();
        _listener.Start();
    }

    /// <summary>Runs work on the simulated thread pool.</summary>
    public void Queue(IThreadPoolWorkItem work)
    {
        _work.Add(work);
        Scheduler.Yield();
    }

    public void Queue(Action work) => Queue(new Resumption(work));

    /// <summary>The application takes a connection over.</summary>
    public void Talk(ConnectionContext connection, Peer peer, bool isOutbound)
    {
        var conversation = new Conversation(connection, peer.Connection, peer.Plan, this, isOutbound);
        Conversations.Add(conversation);
        Queue(conversation.Start);
        if (_isStopping)
        {
            Queue(conversation.Stop);
        }
    }

    public string? Complaint() => _dialer.Complaint();

    /// <summary>Aborts, as the server's timeouts do, where the peer says nothing; false where there is none.</summary>
    public bool AbortSilent()
    {
        var silent = Conversations.FindAll(
            conversation => !conversation.HasEnded && conversation.Plan.PeerEnd == PeerEnd.Silence);
        _work.AddRange(silent.Select(conversation => new Resumption(conversation.Stop)));
        return silent.Count > 0;
    }

    /// <summary>It stops: it unbinds, gives up its own connects and aborts what has not ended.</summary>
    public void Stop() => Scheduler.Start("stop", () =>
    {
        // Cancelled, because the moment that it gives newcomers would be waited for in earnest.
        _listener.UnbindAsync(new CancellationToken(canceled: true)).AsTask().GetAwaiter().GetResult();
        _isUnbound = true;
        Scheduler.WaitUntil(() => _listener.QueueLength == 0);
        _isStopping = true;
        _dialer.Cancel();
        foreach (var conversation in Conversations.ToArray())
        {
            conversation.Stop();
        }
    });

    /// <summary>The loops are asked to end, and with them everything else.</summary>
    public void End() => Scheduler.Start("end", () =>
    {
        IsEnding = true;
        _dialer.BeginLate();
        Scheduler.Stall(Random.Next(100));
        Scheduler.Undisturbed(_transport.EndConnecting);
        foreach (var loop in _loops)
        {
            loop.Stop();
        }

        _areLoopsStopping = true;
    });

    /// <summary>Gives back what is left. Every actor has ended.</summary>
    public void Dispose()
    {
        _transport.Dispose();
        _listener.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private Task<IPAddress[]> ResolveAsync(DnsEndPoint name, CancellationToken cancellationToken) =>
        _dialer.ResolveAsync(name, cancellationToken);

    private KqueueTransportOptions ChooseOptions(Scale scale) => new()
    {
        LoopCount = Random.Next(scale.LoopsMin, scale.LoopsMax + 1),
        Scheduling = (Scheduling)Random.Next(3),
        MaxReadBufferSize = Random.Next(2) == 0 ? Random.Next(Plan.ReadAheadMin, 20_000) : null,
        MaxWriteBufferSize = Random.Next(2) == 0 ? Random.Next(1, 100_000) : 64 * 1024,
        Backlog = Random.Next(1, 10),
        HalfClose = Random.Next(3) == 0,
        FinOnError = Random.Next(3) == 0,
        ConnectTimeout = TimeSpan.FromSeconds(Random.Next(2, 10)),
        LingerTimeout = Random.Next(4) == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(5),
    };

    private EventLoopOptions LoopOptions(Scale scale) => new()
    {
        EventCapacity = Random.Next(1, scale.EventsPerWaitMax + 1),
        TimeProvider = _kernel.Clock,
        CreateQueue = _ => new SimulatedQueue(_kernel),
    };

    private void RunPool()
    {
        while (true)
        {
            Scheduler.WaitUntil(() => _work.Count > 0 || HasEnded);
            if (_work.Count == 0)
            {
                return;
            }

            // The thread pool keeps no order between its threads.
            var index = Random.Next(_work.Count);
            var work = _work[index];
            _work.RemoveAt(index);
            work.Execute();
        }
    }

    private void Watch()
    {
        while (true)
        {
            Scheduler.Stall(Random.Next(5, 60));
            Scheduler.WaitUntil(() => _areLoopsStopping || Array.Exists(_loops, loop => !loop.Word.IsInWait));
            if (_areLoopsStopping)
            {
                return;
            }

            Look(_loops[Random.Next(_loops.Length)]);
        }
    }

    private void Look(EventLoop loop)
    {
        // A loop that has moved meanwhile must decline.
        var seen = loop.Word;
        Scheduler.Stall(Random.Next(50));
        var stuck = loop.Driver;
        var handler = stuck.Staying;
        var hasBegun = stuck.HasBegun;
        if (Random.Next(8) > 0)
        {
            loop.TryHandOver(seen, isForced: true);
            if (!hasBegun && loop.Driver != stuck)
            {
                Scheduler.Fail("The loop was taken from a driver that has not begun.");
            }
        }

        // It is not back for long, or for ever.
        if (loop.Driver != stuck && handler is not null && Random.Next(4) == 0)
        {
            Queue(() => handler.OnStayed((HandlerStay)Random.Next(1, 4)));
        }
    }

    bool IStandbyThreads.CanLeaveBehind => Random.Next(8) > 0;

    IStandbyThread? IStandbyThreads.Take(bool isForced)
    {
        Scheduler.Yield();
        return Random.Next(8) > 0 ? new StandbyThread(this) : null;
    }

    private void Accept()
    {
        while (true)
        {
            Scheduler.WaitUntil(() => _listener.QueueLength > 0 || _isUnbound);
            if (_listener.QueueLength == 0)
            {
                // It would wait, on a thread that is not the scheduler's, until all have been read from.
                return;
            }

            var accepted = _listener.AcceptAsync();
            if (!accepted.IsCompleted)
            {
                Scheduler.Fail("A connection that was accepted is not handed out.");
                return;
            }

            if (accepted.Result is not { } connection)
            {
                return;
            }

            var peer = _peers[((IPEndPoint)connection.RemoteEndPoint!).Port];
            Talk(connection, peer, isOutbound: false);
        }
    }

    /// <summary>A thread that goes on with a loop.</summary>
    private sealed class StandbyThread(Process process) : IStandbyThread
    {
        public void Drive(LoopDriver driver)
        {
            process.HandOvers++;

            // Its loop has nobody until the kernel runs it.
            process.Scheduler.Start("driver", () => driver.Loop.Drive(driver));
            process.Scheduler.Yield();
        }

        public void GiveBack()
        {
        }
    }
}
