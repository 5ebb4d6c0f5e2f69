using KqueueTransport.Connections;
using KqueueTransport.Simulation.Actors;
using KqueueTransport.Simulation.Conversations;
using KqueueTransport.Simulation.Dials;
using KqueueTransport.Simulation.Kernel;

namespace KqueueTransport.Simulation;

/// <summary>One seed from the first connection to the end of the process.</summary>
internal sealed class Run : IEnvironment
{
    private const int DialsMax = 2;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly List<Peer> _callers = [];
    private readonly List<Peer> _peers = [];
    private readonly Scheduler _scheduler;
    private readonly SimulatedKernel _kernel;
    private readonly Process _process;
    private readonly Scale _scale;
    private readonly long _stopAt;
    private TimeSpan _patienceEnd = s_patience;

    private Run(int seed)
    {
        var random = new Random(seed);
        _scale = Scale.Choose(random);
        _scheduler = new Scheduler(random, this);
        Faults = new Faults(random);
        _kernel = new SimulatedKernel(_scheduler, random, Faults);
        var listener = new SimulatedListener(_kernel);
        var count = random.Next(_scale.ConversationsMin, _scale.ConversationsMax + 1);
        for (var id = 1; id <= count; id++)
        {
            var plan = Plan.Make(random, id, _scale);
            var connection = ConnectionOf(plan);
            _callers.Add(new Peer(
                _kernel, connection, new InboundHandshake(_kernel, listener, connection), plan));
        }

        _peers.AddRange(_callers);

        _stopAt = random.Next(5) == 0 ? random.NextInt64(2000) : long.MaxValue;
        _process = new Process(_kernel, _scale, listener, _callers.ToDictionary(peer => peer.Plan.Id), MakeDials);
    }

    public Faults Faults { get; }

    public long Steps => _scheduler.Steps;

    public long HandOvers => _process.HandOvers;

    public int Connections => _process.Conversations.Count;

    public int Dials => _process.Dials.Count(dial => dial.HasEnded);

    public int Connected => _process.Dials.Count(dial => dial.HasConnected);

    public int Resets => _peers.Count(peer => peer.Connection.IsReset || peer.Connection.HasSentReset);

    public long Bytes => _peers.Sum(peer => peer.Connection.Received + peer.Connection.Sent);

    /// <summary>What went wrong, or null.</summary>
    public string? Failure { get; private set; }

    public static Run Of(int seed)
    {
        var run = new Run(seed);
        run.Failure = run.Live() is { } failure ? run.Explain(failure) : null;
        return run;
    }

    int IEnvironment.CountSteps() => _peers.Sum(peer => peer.CountSteps());

    void IEnvironment.TakeStep(int index)
    {
        foreach (var peer in _peers)
        {
            var count = peer.CountSteps();
            if (index < count)
            {
                peer.TakeStep(index);
                return;
            }

            index -= count;
        }
    }

    bool IEnvironment.TryPassTime()
    {
        var isTimeTold = _kernel.TryPassTime();
        var isPatient = _kernel.Clock.Now < _patienceEnd || _process.IsConnecting;
        return (isTimeTold && isPatient) || TryLosePatience();
    }

    // A server does not wait for ever for a peer that says nothing. Until then its descriptor is taken.
    private bool TryLosePatience()
    {
        _patienceEnd = _kernel.Clock.Now + s_patience;
        return _process.AbortSilent();
    }

    private List<Dial> MakeDials(Process process)
    {
        var dials = new List<Dial>();
        var random = _kernel.Random;
        for (var count = random.Next(2) == 0 ? random.Next(1, DialsMax + 1) : 0; dials.Count < count;)
        {
            var plan = DialPlan.Make(random, _peers.Count + 1, _scale);
            dials.Add(new Dial(plan, [.. plan.Targets.Select(MakeAnswering)], process));
        }

        return dials;
    }

    private Peer MakeAnswering(DialTarget target)
    {
        var connection = ConnectionOf(target.Conversation);
        var host = new SimulatedHost(_kernel, target.Address, connection, target.Answer, target.Delay);
        _kernel.Hosts.Add(target.Address, host);
        var peer = new Peer(_kernel, connection, host, target.Conversation);
        _peers.Add(peer);
        return peer;
    }

    private SimulatedConnection ConnectionOf(Plan plan) =>
        new(_kernel, plan.Id) { SendBufferBytes = plan.SendBufferBytes };

    private string? Live()
    {
        _process.Start();
        _scheduler.RunUntilQuiet(_stopAt);
        if (_stopAt == long.MaxValue && (_scheduler.Failure ?? WhatNobodyStopped()) is { } early)
        {
            return early;
        }

        _process.Stop();
        _scheduler.RunUntilQuiet();
        if ((_scheduler.Failure ?? WhatIsLeft()) is { } late)
        {
            return late;
        }

        _process.End();
        _scheduler.RunUntilQuiet();
        if ((_scheduler.Failure ?? _process.Complaint() ?? WhoGoesOn()) is { } last)
        {
            return last;
        }

        _process.Dispose();
        return _scheduler.Failure ?? WhatIsOpen();
    }

    private string Explain(string failure) => string.Join(
        Environment.NewLine,
        _process.Conversations.Where(conversation => !conversation.HasEnded).Select(conversation => conversation.State)
            .Prepend(failure));

    /// <summary>Whether something stands still that nobody has stopped.</summary>
    private string? WhatNobodyStopped()
    {
        foreach (var conversation in _process.Conversations)
        {
            if (!conversation.HasEnded)
            {
                return $"It stands still: {conversation.State}.";
            }
        }

        var accepted = _process.Conversations.Select(conversation => conversation.Plan.Id).ToHashSet();
        var lost = _callers.Find(
            peer => !peer.Connection.IsReset && !IsRefused(peer) && !accepted.Contains(peer.Connection.Id));
        if (lost is not null)
        {
            return $"Connection {lost.Connection.Id} was never accepted.";
        }

        var open = _peers.Find(peer => peer.Connection is { Descriptor: >= 0, IsClosed: false });
        return open is null
            ? _process.Complaint() ?? Complaints()
            : $"Connection {open.Connection.Id} has ended, but is not closed.";
    }

    /// <summary>Whether a shortage of descriptors that lasts has cost a peer its connection.</summary>
    private bool IsRefused(Peer peer) => peer.Connection.HasSentReset && _kernel.HasShortage;

    private string? WhatIsLeft() =>
        _process.Conversations.Find(conversation => !conversation.HasEnded) is { } left
            ? $"The server's stop does not end it: {left.State}."
            : _process.Complaint() ?? Complaints();

    private string? WhoGoesOn() =>
        _scheduler.Names.Any() ? $"It goes on: {string.Join(", ", _scheduler.Names)}." : null;

    private string? Complaints() => _process.Conversations
        .Where(conversation => conversation.HasEnded)
        .Select(conversation => conversation.Complaint())
        .FirstOrDefault(complaint => complaint is not null);

    private string? WhatIsOpen()
    {
        if (_kernel.OpenDescriptors.Any())
        {
            return $"Descriptors are left open: {string.Join(", ", _kernel.OpenDescriptors)}.";
        }

        if (_kernel.Clock.TimerCount > 0)
        {
            return $"{_kernel.Clock.TimerCount} timers are left.";
        }

        return _process.Memory.RentedBytes == 0 ? null : $"{_process.Memory.RentedBytes} bytes of the pool are left.";
    }
}
