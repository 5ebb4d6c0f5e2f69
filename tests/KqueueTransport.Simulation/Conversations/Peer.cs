using KqueueTransport.Connections;
using KqueueTransport.Simulation.Kernel;

namespace KqueueTransport.Simulation.Conversations;

/// <summary>
/// The other end of a connection, and the network between: each of its steps happens when the scheduler chooses it.
/// </summary>
internal sealed class Peer(
    SimulatedKernel kernel, SimulatedConnection connection, IHandshake handshake, Plan plan)
{
    private static readonly Step[] s_steps = Enum.GetValues<Step>();

    private bool _hasReset;

    private enum Step
    {
        Connect,
        Send,
        Deliver,
        End,
        DeliverEnd,
        Take,
        Reset,
    }

    public Plan Plan => plan;

    public SimulatedConnection Connection => connection;

    public int CountSteps()
    {
        var count = 0;
        foreach (var step in s_steps)
        {
            count += IsPossible(step) ? 1 : 0;
        }

        return count;
    }

    public void TakeStep(int index)
    {
        var random = kernel.Random;
        switch (s_steps.Where(IsPossible).ElementAt(index))
        {
            case Step.Connect:
                handshake.Take();
                break;
            case Step.Send:
                Connection.PeerSends(random.NextInt64(1, Math.Min(plan.PeerPieceMax, LeftToSend) + 1));
                break;
            case Step.Deliver:
                Connection.Deliver(random.NextInt64(1, Math.Min(Connection.OnTheWay, Room) + 1));
                break;
            case Step.End:
                Connection.PeerEnds();
                break;
            case Step.DeliverEnd:
                Connection.DeliverFin();
                break;
            case Step.Take:
                Connection.Take(random.NextInt64(1, Math.Min(plan.PeerPieceMax, OnTheWayBack) + 1));
                break;
            default:
                _hasReset = true;
                Connection.DeliverReset();
                break;
        }
    }

    private long LeftToSend =>
        (plan.PeerEnd is PeerEnd.Reset or PeerEnd.Silence ? plan.PeerStopsAt : plan.ToServer) - Connection.PeerSent;

    private long Room => Connection.IsClosed ? long.MaxValue : plan.ReceiveBufferBytes - Connection.Unread;

    private long OnTheWayBack => Connection.Sent - Connection.Taken;

    private bool IsPossible(Step step)
    {
        if (!handshake.IsDone)
        {
            return step == Step.Connect && handshake.IsPossible;
        }

        if (_hasReset || Connection.HasSentReset)
        {
            return false;
        }

        return step switch
        {
            Step.Send => LeftToSend > 0 && HasEcho && !Connection.HasPeerEnded,
            Step.Deliver => Connection.OnTheWay > 0 && Room > 0,
            Step.End => LeftToSend == 0 && !Connection.HasPeerEnded && EndsNow,
            Step.DeliverEnd => Connection.HasPeerEnded && Connection.OnTheWay == 0 && !Connection.IsFinDelivered,
            Step.Take => OnTheWayBack > 0 && !IsSilent,
            Step.Reset => plan.PeerEnd == PeerEnd.Reset && LeftToSend == 0,
            _ => false,
        };
    }

    private bool HasEcho =>
        !plan.PeerAwaitsEcho || Connection.Taken == Connection.PeerSent || Connection.IsOverForPeer;

    private bool IsSilent => plan.PeerEnd == PeerEnd.Silence && LeftToSend == 0;

    private bool EndsNow => plan.PeerEnd switch
    {
        PeerEnd.FinAfterSending => true,
        PeerEnd.FinAfterEnd => Connection.IsOverForPeer,
        _ => false,
    };
}
