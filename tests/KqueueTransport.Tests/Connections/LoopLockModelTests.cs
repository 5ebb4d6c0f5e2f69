using KqueueTransport.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// Every interleaving of a <see cref="LoopLock"/> and of the marks that are left there by drivers that do not get it:
/// two of these, two threads that hold the lock for something else, and the loop that runs what they post.
/// </summary>
public sealed class LoopLockModelTests(ITestOutputHelper output)
{
    /// <summary>What can be wrong.</summary>
    public enum Flaw
    {
        None,

        /// <summary>Who has left a mark does not try again.</summary>
        TriesOnce,

        /// <summary>Who had the lock does not look for marks.</summary>
        NeverLooks,

        /// <summary>Who has the lock looks for marks and then gives it back.</summary>
        LooksBeforeLeaving,

        /// <summary>Who leaves a mark trusts the work that is posted, which may be its own.</summary>
        KeepsPosted,
    }

    private enum Step : byte
    {
        Enter,
        Mark,
        EnterAgain,
        Serve,
        Leave,
        Look,
        Post,
        Done,
    }

    public static TheoryData<Flaw> Flaws => [.. Enum.GetValues<Flaw>().Where(flaw => flaw != Flaw.None)];

    [Fact]
    public void Marks_EveryInterleaving_AreSeenTo()
    {
        var exploration = new Exploration<State>(new Model(Flaw.None));

        exploration.Run();

        output.WriteLine($"{exploration.StateCount} states, {exploration.EndCount} ends");
        Assert.True(exploration.EndCount > 0, "No run ends: nothing was checked at the end.");
    }

    [Theory]
    [MemberData(nameof(Flaws))]
    public void Marks_WithAFlaw_IsCaught(Flaw flaw)
    {
        var exploration = new Exploration<State>(new Model(flaw));

        output.WriteLine(Assert.Throws<ProtocolViolationException>(exploration.Run).Message);
    }

    private readonly record struct Worker(Step Step, byte Seen);

    // Events are the bits 1 and 2 of marks; work that runs brings the bit 4.
    private readonly record struct State(
        bool IsHeld, byte Marks, byte Served, byte Posts, Worker A, Worker B, Worker C, Worker D, Worker Loop);

    private sealed class Model(Flaw flaw) : IModel<State>
    {
        private const byte Events = 3;
        private const byte Receive = 4;
        private const byte Posted = 8;

        private readonly Step _served = flaw == Flaw.LooksBeforeLeaving ? Step.Look : Step.Leave;

        private readonly Step _left = flaw switch
        {
            Flaw.NeverLooks => Step.Done,
            Flaw.LooksBeforeLeaving => Step.Post,
            _ => Step.Look,
        };

        public State Initial() => new() { Loop = new(Step.Done, 0) };

        public List<State> SuccessorsOf(in State state)
        {
            var next = new List<State>();
            Add(Run(state, state.A, 1) is var (a, worker) ? a with { A = worker } : null);
            Add(Run(state, state.B, 2) is var (b, other) ? b with { B = other } : null);
            Add(Run(state, state.C, 0) is var (c, holder) ? c with { C = holder } : null);
            Add(Run(state, state.D, 0) is var (d, second) ? d with { D = second } : null);
            Add(Run(state, state.Loop, Receive) is var (l, loop) ? l with { Loop = loop } : null);
            if (state is { Posts: > 0, Loop.Step: Step.Done })
            {
                next.Add(state with { Posts = (byte)(state.Posts - 1), Loop = default });
            }

            return next;

            void Add(State? successor)
            {
                if (successor is { } found)
                {
                    next.Add(found);
                }
            }
        }

        public void CheckAlways(in State state) => ProtocolViolationException.Require(
            state.Posts <= 3, "More is posted than there are events, and work that found the lock taken.");

        public void CheckAtEnd(in State state) =>
            ProtocolViolationException.Require(state.Served == Events, "An event was lost.");

        public string Describe(in State state) => state.ToString();

        // Without a mark of its own it is somebody else, who waits for the lock.
        private (State State, Worker Worker)? Run(State state, Worker worker, byte mark)
        {
            switch (worker.Step)
            {
                case Step.Enter when !state.IsHeld:
                case Step.EnterAgain when !state.IsHeld:
                    return (state with { IsHeld = true }, new(mark == 0 ? _served : Step.Serve, 0));
                case Step.Enter when mark != 0:
                    return (state, new(Step.Mark, 0));
                case Step.EnterAgain:
                    return (state, new(Step.Done, 0));
                case Step.Mark:
                    var kept = flaw == Flaw.KeepsPosted ? state.Marks : state.Marks & ~Posted;
                    return (
                        state with { Marks = (byte)(kept | mark) },
                        new(flaw == Flaw.TriesOnce ? Step.Done : Step.EnterAgain, 0));
                case Step.Serve:
                    var served = (byte)(state.Served | ((state.Marks | mark) & Events));
                    return (state with { Served = served, Marks = 0 }, new(_served, 0));
                case Step.Leave:
                    return (state with { IsHeld = false }, worker with { Step = _left });
                case Step.Look:
                    return (state, new(flaw == Flaw.LooksBeforeLeaving ? Step.Leave : Step.Post, state.Marks));
                case Step.Post when worker.Seen != 0 && (worker.Seen & Posted) == 0 && worker.Seen == state.Marks:
                    return (
                        state with { Marks = (byte)(state.Marks | Posted), Posts = (byte)(state.Posts + 1) },
                        new(Step.Done, 0));
                case Step.Post:
                    return (state, new(Step.Done, 0));
                default:
                    return null;
            }
        }
    }
}
