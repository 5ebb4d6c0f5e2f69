using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Outbound;
using KqueueTransport.Simulation.Actors;
using KqueueTransport.Simulation.Conversations;
using KqueueTransport.Simulation.Kernel;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Simulation.Dials;

/// <summary>
/// The application of one outbound connection: it connects, may give up, judges why it failed, and goes on to talk.
/// </summary>
internal sealed class Dial(DialPlan plan, IReadOnlyList<Peer> peers, Process process)
{
    // Time passes while the process computes, too.
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly SimulatedClock _clock = process.Kernel.Clock;
    private TimeSpan _took;
    private Exception? _error;
    private Task _disposal = Task.CompletedTask;
    private bool _hasStarted;
    private bool _hasAnswer;

    public DialPlan Plan => plan;

    public IReadOnlyList<Peer> Peers => peers;

    public bool HasEnded => _hasAnswer && _disposal.IsCompleted;

    public bool IsUnderWay => _hasStarted && !HasEnded;

    public bool HasConnected => HasEnded && _error is null;

    private string State =>
        $"dial to {plan.EndPoint} ({string.Join(", ", plan.Targets.Select(Describe))}), " +
        (HasEnded ? $"ended after {_took}: {_error?.ToString() ?? "connected"}" : "has not ended");

    public void Start(Connector connector)
    {
        _hasStarted = true;
        if (plan.IsCancelled)
        {
            process.Queue(() =>
            {
                process.Scheduler.Stall(process.Random.Next(150));
                Cancel();
            });
        }

        process.Queue(() => _ = RunAsync(connector));
    }

    // A cancelled token's callback is waited for by whoever ends the operation, so nobody may run meanwhile.
    public void Cancel() => Scheduler.Undisturbed(_cancellation.Cancel);

    /// <summary>What is wrong in the end.</summary>
    public string? Complaint(TimeSpan timeout)
    {
        if (!_hasStarted)
        {
            return null;
        }

        if (!HasEnded)
        {
            return $"It does not end: {State}.";
        }

        // Whoever has won does not wait for those who lost, and the end of the loops is no matter of time.
        if (_took > timeout + s_slack || ((_error is null || plan.IsLate) && _took >= timeout))
        {
            return $"It takes longer than it may: {State}.";
        }

        return _error is null || (IsReason(_error, timeout) && !CouldConnect(timeout))
            ? null
            : $"It has no reason to fail: {State}.";
    }

    private async Task RunAsync(Connector connector)
    {
        var started = _clock.Now;
        try
        {
            var connection = await connector.ConnectAsync(plan.EndPoint, _cancellation.Token);
            _took = _clock.Now - started;
            Use(connection);
        }
        catch (Exception error)
        {
            _took = _clock.Now - started;
            _error = error;
        }

        _hasAnswer = true;
    }

    private void Use(Connection connection)
    {
        if (process.IsEnding)
        {
            connection.Abort(new ConnectionAbortedException("The process ends."));
            _disposal = connection.DisposeAsync().AsTask();
            return;
        }

        var address = ((IPEndPoint)connection.RemoteEndPoint!).Address;
        var index = plan.Targets.ToList().FindIndex(target => target.Address.Equals(address));
        process.Talk(connection, peers[index], isOutbound: true);
    }

    private bool IsReason(Exception error, TimeSpan timeout) => error switch
    {
        OperationCanceledException => _cancellation.IsCancellationRequested,
        ObjectDisposedException => process.IsEnding,
        SocketException { SocketErrorCode: var code } => code switch
        {
            SocketError.ConnectionRefused => Says(Answer.Refuses, Answer.RefusesAtOnce),
            SocketError.HostUnreachable => Says(Answer.HasNoRoute),
            SocketError.NetworkUnreachable => Says(Answer.HasNoRouteAtOnce),
            SocketError.ConnectionReset => peers.Any(peer => peer.Connection.IsReset),
            SocketError.HostNotFound => plan.Targets.Count == 0,
            SocketError.TimedOut => _took >= timeout,
            SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable => process.Kernel.HasSocketTrouble,
            _ => false,
        },
        _ => false,
    };

    /// <summary>Whether somebody would have answered in time, and nothing was in the way.</summary>
    private bool CouldConnect(TimeSpan timeout) =>
        !_cancellation.IsCancellationRequested && !process.IsEnding && !process.Kernel.HasSocketTrouble &&
        plan.Targets.Any(target =>
            target.Answer is Answer.Accepts or Answer.AcceptsAtOnce &&
            target.Conversation.PeerEnd != PeerEnd.Reset &&
            target.Delay + (plan.Targets.Count * AddressRace.HeadStart) < timeout - s_slack);

    private bool Says(params ReadOnlySpan<Answer> answers)
    {
        foreach (var target in plan.Targets)
        {
            if (answers.Contains(target.Answer))
            {
                return true;
            }
        }

        return false;
    }

    private static string Describe(DialTarget target) =>
        $"{target.Address} {target.Answer} {target.Delay.TotalMilliseconds} ms";
}
