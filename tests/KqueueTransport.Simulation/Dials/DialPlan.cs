using System.Net;
using KqueueTransport.Outbound;
using KqueueTransport.Simulation.Conversations;
using KqueueTransport.Simulation.Kernel;

namespace KqueueTransport.Simulation.Dials;

/// <summary>One address that a dial may try.</summary>
/// <param name="Address">Which.</param>
/// <param name="Answer">What it says.</param>
/// <param name="Delay">After how long.</param>
/// <param name="Conversation">What follows where it accepts.</param>
internal sealed record DialTarget(IPAddress Address, Answer Answer, TimeSpan Delay, Plan Conversation);

/// <summary>One outbound connection as the seed has it.</summary>
internal sealed record DialPlan
{
    private const int TargetsMax = 4;

    // Around the head start, where addresses meet, or beyond any patience.
    private static readonly TimeSpan[] s_delays =
    [
        TimeSpan.Zero,
        TimeSpan.Zero,
        AddressRace.HeadStart - TimeSpan.FromMicroseconds(3),
        AddressRace.HeadStart,
        AddressRace.HeadStart * 2,
        TimeSpan.FromHours(1),
    ];

    public required EndPoint EndPoint { get; init; }

    /// <summary>In the order of the resolver. None is a name without an address.</summary>
    public required IReadOnlyList<DialTarget> Targets { get; init; }

    /// <summary>Whether somebody gives up in the middle, or has before it begins.</summary>
    public required bool IsCancelled { get; init; }

    /// <summary>Whether it begins when the loops are about to end.</summary>
    public required bool IsLate { get; init; }

    /// <summary>A plan whose connections have the numbers from <paramref name="firstId"/> on.</summary>
    public static DialPlan Make(Random random, int firstId, Scale scale)
    {
        var isName = random.Next(3) > 0;
        var conversation = Plan.Make(random, firstId, scale);
        var targets = new List<DialTarget>();
        for (var count = isName ? random.Next(TargetsMax + 1) : 1; targets.Count < count;)
        {
            targets.Add(MakeTarget(random, conversation with { Id = firstId + targets.Count }));
        }

        return new DialPlan
        {
            EndPoint = isName ? new DnsEndPoint("somewhere", 80) : new IPEndPoint(targets[0].Address, 80),
            Targets = targets,
            IsCancelled = random.Next(3) == 0,
            IsLate = random.Next(6) == 0,
        };
    }

    private static DialTarget MakeTarget(Random random, Plan conversation)
    {
        var answer = random.Next(2) == 0 ? Answer.Accepts : (Answer)random.Next(1 + (int)Answer.IsSilent);
        var address = IPAddress.Parse($"{(random.Next(2) == 0 ? "10.0.0." : "2001:db8::")}{conversation.Id}");
        return new DialTarget(address, answer, s_delays[random.Next(s_delays.Length)], conversation);
    }
}
