namespace KqueueTransport.Simulation.Actors;

/// <summary>One thread of the simulated process. It runs only while it holds the baton.</summary>
internal sealed class Actor(string name)
{
    private readonly AutoResetEvent _turn = new(false);

    public string Name { get; } = name;

    /// <summary>What it waits for; null when nothing keeps it from running.</summary>
    public Func<bool>? WaitsFor { get; set; }

    /// <summary>The step before which it is not chosen.</summary>
    public long StalledUntil { get; set; }

    /// <summary>More than 0 while it may hold a lock, or is waited for in earnest: it keeps the baton then.</summary>
    public int Undisturbed { get; set; }

    public bool IsReady(long step) => StalledUntil <= step && WaitsFor?.Invoke() != false;

    public void GiveTurn() => _turn.Set();

    /// <summary>Waits for the baton; false after the timeout.</summary>
    public bool AwaitTurn(TimeSpan timeout) => _turn.WaitOne(timeout);
}
