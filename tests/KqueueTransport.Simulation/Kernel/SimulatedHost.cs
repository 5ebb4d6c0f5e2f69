using System.Net;
using Kqueue;
using KqueueTransport.Connections;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>What is at an address that the process connects to: how, and when, it answers the one connect(2).</summary>
internal sealed class SimulatedHost(
    SimulatedKernel kernel, IPAddress address, SimulatedConnection connection, Answer answer, TimeSpan delay)
    : IHandshake
{
    private TimeSpan _answersAt = TimeSpan.MaxValue;

    public IPAddress Address => address;

    public Answer Answer => answer;

    public TimeSpan Delay => delay;

    public SimulatedConnection Connection => connection;

    public bool IsPossible => IsAwaited && kernel.Clock.Now >= _answersAt;

    public bool IsDone { get; private set; }

    /// <summary>When it answers, where only time keeps it from that.</summary>
    public TimeSpan NextAnswer => IsAwaited && !IsPossible ? _answersAt : TimeSpan.MaxValue;

    private bool IsAwaited => connection is { IsConnecting: true, IsClosed: false } && answer != Answer.IsSilent;

    /// <summary>connect(2) on a descriptor that is new.</summary>
    public Errno Connect(int descriptor)
    {
        if (_answersAt != TimeSpan.MaxValue)
        {
            kernel.Violation($"{address} is connected to twice.");
        }

        _answersAt = kernel.Clock.Now + delay;
        switch (answer)
        {
            case Answer.AcceptsAtOnce:
                connection.StartConnect(descriptor);
                Take();
                return Errno.None;
            case Answer.RefusesAtOnce:
                return Errno.ECONNREFUSED;
            case Answer.HasNoRouteAtOnce:
                return Errno.ENETUNREACH;
            default:
                connection.StartConnect(descriptor);
                return Errno.EINPROGRESS;
        }
    }

    /// <summary>Its answer arrives.</summary>
    public void Take()
    {
        IsDone = answer is Answer.Accepts or Answer.AcceptsAtOnce;
        connection.EndConnect(answer switch
        {
            Answer.Refuses => Errno.ECONNREFUSED,
            Answer.HasNoRoute => Errno.EHOSTUNREACH,
            _ => Errno.None,
        });
    }
}
