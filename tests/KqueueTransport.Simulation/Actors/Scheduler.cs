namespace KqueueTransport.Simulation.Actors;

/// <summary>
/// Chooses, by a seed, what happens next: which of the actors goes on, or what the environment does. Exactly one actor
/// runs at a time and hands the baton on at the places where anything may happen, so that a seed means one run.
/// </summary>
/// <remarks>
/// Actors are threads because a driver, a handler that stalls and the handler's successor must each keep their stack.
/// Whoever holds the baton may touch everything here; the others wait.
/// </remarks>
internal sealed class Scheduler(Random random, IEnvironment environment)
{
    /// <summary>More than any run needs: a run that takes so many does not end.</summary>
    private const long StepsMax = 300_000;

    // Silence of the actor with the baton after which it blocks for good, in looks of the test's thread.
    private const int SilentLooksMax = 3;

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(10);

    [ThreadStatic]
    private static Actor? t_current;

    private readonly List<Actor> _actors = [];
    private readonly List<Actor> _ready = [];
    private readonly Actor _main = new("main");
    private Actor? _holder;
    private long _interruptAt = long.MaxValue;

    public long Steps { get; private set; }

    /// <summary>The first thing that went wrong.</summary>
    public string? Failure { get; private set; }

    /// <summary>The actors that have not ended.</summary>
    public IEnumerable<string> Names => _actors.Select(actor => actor.Name);

    public void Fail(string message) => Failure ??= message;

    /// <summary>Adds an actor, which runs when it is chosen.</summary>
    public void Start(string name, Action body)
    {
        var actor = new Actor(name);
        _actors.Add(actor);
        ActorThread.Run(() => Live(actor, body));
    }

    /// <summary>Runs everything until nothing is left to do, or until a step is reached. The test's thread.</summary>
    public void RunUntilQuiet(long interruptAt = long.MaxValue)
    {
        _interruptAt = interruptAt;
        t_current = _main;
        var next = Next();
        if (next != _main)
        {
            Give(next);
            AwaitReturn();
        }

        t_current = null;
    }

    /// <summary>A place where anything may happen before the caller goes on.</summary>
    public void Yield()
    {
        if (t_current is { Undisturbed: 0 } self && self != _main)
        {
            SwitchFrom(self);
        }
    }

    /// <summary>The caller does not go on for a number of steps, if others can.</summary>
    public void Stall(int steps)
    {
        if (t_current is { Undisturbed: 0 } self)
        {
            self.StalledUntil = Steps + steps;
            Yield();
        }
    }

    public void WaitUntil(Func<bool> condition)
    {
        var self = t_current ?? throw new InvalidOperationException("Only an actor waits.");
        self.WaitsFor = condition;
        SwitchFrom(self);
        self.WaitsFor = null;
    }

    /// <summary>Runs something during which nobody else may run, because a lock may be held.</summary>
    public static void Undisturbed(Action action)
    {
        var self = t_current;
        if (self is not null)
        {
            self.Undisturbed++;
        }

        action();
        if (self is not null)
        {
            self.Undisturbed--;
        }
    }

    private void Live(Actor actor, Action body)
    {
        t_current = actor;
        actor.AwaitTurn(Timeout.InfiniteTimeSpan);
        try
        {
            body();
        }
        catch (Exception exception)
        {
            Fail($"{actor.Name} failed: {exception}");
        }

        _actors.Remove(actor);
        t_current = null;
        Give(Next());
    }

    private void SwitchFrom(Actor self)
    {
        var next = Next();
        if (next != self)
        {
            Give(next);
            self.AwaitTurn(Timeout.InfiniteTimeSpan);
        }
    }

    private void Give(Actor next)
    {
        _holder = next;
        next.GiveTurn();
    }

    private Actor Next()
    {
        while (Failure is null && Steps < _interruptAt)
        {
            if (++Steps > StepsMax)
            {
                Fail($"The run does not end: {StepsMax} steps, and still {string.Join(", ", Names)}.");
                break;
            }

            _ready.Clear();
            foreach (var actor in _actors)
            {
                if (actor.IsReady(Steps))
                {
                    _ready.Add(actor);
                }
            }

            var choices = _ready.Count + environment.CountSteps();
            if (choices == 0)
            {
                if (TryEndStall() || environment.TryPassTime())
                {
                    continue;
                }

                break;
            }

            var choice = random.Next(choices);
            if (choice < _ready.Count)
            {
                return _ready[choice];
            }

            environment.TakeStep(choice - _ready.Count);
        }

        return _main;
    }

    private bool TryEndStall()
    {
        var stalled = _actors.Where(actor => actor.StalledUntil > Steps).MinBy(actor => actor.StalledUntil);
        if (stalled is null)
        {
            return false;
        }

        stalled.StalledUntil = 0;
        return true;
    }

    // An actor that holds the baton and waits for another one would wait for ever. The time is real, so a look proves
    // nothing on a machine that stood still meanwhile; several in a row do.
    private void AwaitReturn()
    {
        var seen = -1L;
        for (var silent = 0; silent < SilentLooksMax;)
        {
            if (_main.AwaitTurn(s_look))
            {
                return;
            }

            silent = Steps == seen ? silent + 1 : 0;
            seen = Steps;
        }

        Fail($"{_holder?.Name} holds the baton and does not come back: it waits for a lock or a thread.");
    }
}
