using System.Net;
using Kqueue;
using KqueueTransport.Simulation.Actors;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>The kernel of one run: descriptors, connections, queues and time.</summary>
internal sealed class SimulatedKernel
{
    /// <summary>What a descriptor stands for that is only kept for later.</summary>
    public static readonly object Reserve = new();

    /// <summary>What a descriptor stands for that is a socket, and nothing yet.</summary>
    public static readonly object Unconnected = new();

    // 0 to 2 are taken in every process.
    private const int FirstDescriptor = 3;

    // By number from FirstDescriptor on: a listener or a connection, null where the number is free.
    private readonly List<object?> _descriptors = [];

    public SimulatedKernel(Scheduler scheduler, Random random, Faults faults)
    {
        Scheduler = scheduler;
        Random = random;
        Faults = faults;
        DropsOnReset = random.Next(2) == 0;
        CountsBytes = random.Next(2) == 0;
        DescriptorsMax = random.Next(4) == 0 ? random.Next(4, 9) : int.MaxValue;
        Calls = new SimulatedCalls(this);
    }

    public Scheduler Scheduler { get; }

    public Random Random { get; }

    public Faults Faults { get; }

    public SimulatedClock Clock { get; } = new();

    public SimulatedCalls Calls { get; }

    /// <summary>Whether an RST takes what was received and not read with it.</summary>
    public bool DropsOnReset { get; }

    /// <summary>
    /// Whether events count the bytes, as FreeBSD's do; otherwise they say that there is an urgent mark, as macOS's.
    /// </summary>
    public bool CountsBytes { get; }

    /// <summary>How many descriptors the process may have.</summary>
    public int DescriptorsMax { get; }

    public int DescriptorLimit => DescriptorsMax == int.MaxValue ? int.MaxValue : FirstDescriptor + DescriptorsMax;

    /// <summary>Whether accepting has failed, or may, for want of descriptors or memory.</summary>
    public bool HasShortage => DescriptorsMax < int.MaxValue || Faults.Counts[(int)Fault.OutOfDescriptors] > 0;

    /// <summary>Whether a socket may have been refused, or an option or a filter of one.</summary>
    public bool HasSocketTrouble => DescriptorsMax < int.MaxValue || Faults.Counts[(int)Fault.NoSocket] > 0 ||
        Faults.Counts[(int)Fault.OptionFailed] > 0 || Faults.Counts[(int)Fault.ArmFailed] > 0;

    public List<SimulatedQueue> Queues { get; } = [];

    /// <summary>What the process can connect to.</summary>
    public Dictionary<IPAddress, SimulatedHost> Hosts { get; } = [];

    public IEnumerable<string> OpenDescriptors =>
        _descriptors.Select((owner, index) => (owner, index)).Where(entry => entry.owner is not null)
            .Select(entry => $"{entry.index + FirstDescriptor} ({Describe(entry.owner!)})");

    public void Violation(string message) => Scheduler.Fail(message);

    /// <summary>Gives out the lowest number that is free, as POSIX has it; -1 when there is none.</summary>
    public int TakeDescriptor(object owner)
    {
        var index = _descriptors.IndexOf(null);
        if (index < 0)
        {
            if (_descriptors.Count == DescriptorsMax)
            {
                return -1;
            }

            index = _descriptors.Count;
            _descriptors.Add(null);
        }

        _descriptors[index] = owner;
        return index + FirstDescriptor;
    }

    /// <summary>Lets an open descriptor stand for something else.</summary>
    public void Give(int descriptor, object owner) => _descriptors[descriptor - FirstDescriptor] = owner;

    public object? Find(int descriptor)
    {
        var index = descriptor - FirstDescriptor;
        return index >= 0 && index < _descriptors.Count ? _descriptors[index] : null;
    }

    /// <summary>What a descriptor stands for; a violation where it stands for nothing.</summary>
    public T? Find<T>(int descriptor, string call)
        where T : class
    {
        if (Find(descriptor) is T owner)
        {
            return owner;
        }

        Violation($"{call} on descriptor {descriptor}, which is {Describe(Find(descriptor))}.");
        return null;
    }

    public void Release(int descriptor)
    {
        _descriptors[descriptor - FirstDescriptor] = null;
        foreach (var queue in Queues)
        {
            queue.Forget(descriptor);
        }
    }

    /// <summary>Something happened on a descriptor that a filter may report.</summary>
    public void Changed(int descriptor, KEventFilter filter)
    {
        foreach (var queue in Queues)
        {
            queue.Activate(descriptor, filter);
        }
    }

    /// <summary>Lets time pass to the earliest deadline of a wait, timer or answer.</summary>
    public bool TryPassTime()
    {
        var earliest = Queues.Select(queue => queue.Deadline)
            .Concat(Hosts.Values.Select(host => host.NextAnswer))
            .Append(Clock.NextTimer)
            .Min();
        Clock.PassTo(earliest == TimeSpan.MaxValue ? TimeSpan.Zero : earliest);
        return earliest != TimeSpan.MaxValue;
    }

    private static string Describe(object? owner) => owner switch
    {
        SimulatedListener => "the listen socket",
        SimulatedConnection connection => $"connection {connection.Id}",
        SimulatedProbe probe => $"probe {probe.Id}",
        { } when owner == Reserve => "the reserve",
        { } when owner == Unconnected => "a new socket",
        _ => "closed",
    };
}
