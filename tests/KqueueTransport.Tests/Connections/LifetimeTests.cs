
using KqueueTransport.Connections.Closing;

namespace KqueueTransport.Tests.Connections;

/// <summary>The steps of a connection's end, in every order in which threads may take them.</summary>
public sealed class LifetimeTests
{
    // Two causes, FIN and end that both close, the two parts of the end, and who asks for the token and for the end.
    private enum Step
    {
        EndAsReset,
        EndAsAborted,
        CloseAtFin,
        CloseAtEnd,
        DescriptorEnds,
        CallbacksRan,
        AskForToken,
        WaitForTheEnd,
    }

    [Fact]
    public void Steps_InEveryOrder_FirstCauseStaysAndEachPartCountsOnce()
    {
        var orders = 0;
        foreach (var order in OrdersOf(Enum.GetValues<Step>()))
        {
            Play(order);
            orders++;
        }

        Assert.Equal(40_320, orders);
    }

    // The moments inside of a step, which no order of whole steps shows.
    [Fact]
    public async Task Steps_AtOnceOnThreeThreads_LoseNothing()
    {
        for (var round = 0; round < 2000; round++)
        {
            var connection = new Shared();
            using var start = new Barrier(3);
            var ends = Task.Run(() =>
            {
                start.SignalAndWait();
                connection.Lifetime.TryEnd(ShutdownReason.PeerReset);
                connection.Close();
                connection.Lifetime.OnDescriptorEnded();
            });
            var asks = Task.Run(() =>
            {
                start.SignalAndWait();
                return connection.AskForToken();
            });
            start.SignalAndWait();
            connection.Close();
            var over = connection.Lifetime.WhenOver();
            connection.Lifetime.OnCallbacksRan();

            await ends.Soon();
            await over.Soon();
            Assert.True((await asks.Soon()).IsCancellationRequested);
        }
    }

    private static void Play(Step[] order)
    {
        var connection = new Shared();
        var taken = new List<Step>();
        CancellationToken token = default;
        Task? over = null;
        foreach (var step in order)
        {
            switch (step)
            {
                case Step.EndAsReset:
                case Step.EndAsAborted:
                    var isFirst = !taken.Contains(Step.EndAsReset) && !taken.Contains(Step.EndAsAborted);
                    Assert.Equal(isFirst, connection.Lifetime.TryEnd(ReasonOf(step)));
                    break;
                case Step.CloseAtFin:
                case Step.CloseAtEnd:
                    var closesFirst = !taken.Contains(Step.CloseAtFin) && !taken.Contains(Step.CloseAtEnd);
                    Assert.Equal(closesFirst, connection.Close());
                    break;
                case Step.DescriptorEnds:
                    connection.Lifetime.OnDescriptorEnded();
                    break;
                case Step.CallbacksRan:
                    connection.Lifetime.OnCallbacksRan();
                    break;
                case Step.AskForToken:
                    token = connection.AskForToken();
                    break;
                default:
                    over = connection.Lifetime.WhenOver();
                    break;
            }

            taken.Add(step);
            var cause = taken.FirstOrDefault(before => before is Step.EndAsReset or Step.EndAsAborted, (Step)(-1));
            Assert.Equal(cause < 0 ? ShutdownReason.None : ReasonOf(cause), connection.Lifetime.Reason);
            Assert.Equal(
                taken.Contains(Step.AskForToken) &&
                taken.Any(before => before is Step.CloseAtFin or Step.CloseAtEnd),
                token.IsCancellationRequested);
            if (over is not null)
            {
                Assert.Equal(
                    taken.Contains(Step.DescriptorEnds) && taken.Contains(Step.CallbacksRan), over.IsCompleted);
            }
        }
    }

    private static ShutdownReason ReasonOf(Step step) =>
        step == Step.EndAsReset ? ShutdownReason.PeerReset : ShutdownReason.Aborted;

    private static IEnumerable<Step[]> OrdersOf(Step[] steps)
    {
        if (steps.Length == 0)
        {
            return [[]];
        }

        return steps.SelectMany(
            first => OrdersOf([.. steps.Where(step => step != first)]), (first, rest) => (Step[])[first, .. rest]);
    }

    // A lifetime that threads share, with what its owner does when it moves.
    private sealed class Shared
    {
        public Lifetime Lifetime;

        public bool Close()
        {
            var isFirst = Lifetime.TryClose();
            if (isFirst)
            {
                Lifetime.CancelToken();
            }

            return isFirst;
        }

        public CancellationToken AskForToken()
        {
            var token = Lifetime.ClosedToken(out var mustCancel);
            if (mustCancel)
            {
                Lifetime.CancelToken();
            }

            return token;
        }
    }
}
