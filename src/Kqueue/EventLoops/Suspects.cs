namespace Kqueue.EventLoops;

/// <summary>
/// Drivers that did not come back in time: who of them was kept from its core, and who holds up the loop. On the watch
/// only.
/// </summary>
/// <remarks>
/// The loop goes to another thread either way, which costs little. The blame, which makes the application leave the
/// loops for a while, needs proof: a driver that is found asleep, or one that is still in the same handler many looks
/// later. A machine with more to do than cores sets threads aside for some milliseconds at a time.
/// </remarks>
internal sealed class Suspects
{
    /// <summary>
    /// Looks after which a driver that never slept is taken for one that computes. With the default period they are
    /// longer than the few slices of other threads that a busy core runs in between.
    /// </summary>
    public const int LooksForProof = 8;

    private readonly List<(LoopDriver Driver, int Looks)> _leftBehind = [];

    public bool IsEmpty => _leftBehind.Count == 0;

    /// <summary>A driver was left behind with its handler: its loop is another thread's.</summary>
    public void AddLeftBehind(LoopDriver driver)
    {
        if (!IsOver(driver, looks: 1))
        {
            _leftBehind.Add((driver, 1));
        }
    }

    /// <summary>Looks again at those that were left behind.</summary>
    public void LookAgain()
    {
        for (var i = _leftBehind.Count - 1; i >= 0; i--)
        {
            var (driver, looks) = _leftBehind[i];
            if (IsOver(driver, looks + 1))
            {
                _leftBehind.RemoveAt(i);
            }
            else
            {
                _leftBehind[i] = (driver, looks + 1);
            }
        }
    }

    /// <summary>
    /// The driver of a loop has not moved for so many looks, and nobody is there to take the loop over.
    /// </summary>
    public static void Judge(LoopDriver driver, ClaimWord seen, int looks)
    {
        var running = driver.Running;
        if (running is not null && IsProven(driver, looks) && driver.Loop.Word == seen)
        {
            driver.Loop.Blame(running, isHandedOver: false);
        }
    }

    // A driver whose loop is gone runs nothing else any more, so what it runs is what held up the loop.
    private static bool IsOver(LoopDriver driver, int looks)
    {
        var running = driver.Running;
        var isProven = running is not null && IsProven(driver, looks);
        if (running is null || driver.Running is null)
        {
            return true;
        }

        if (isProven)
        {
            driver.Loop.Blame(running, isHandedOver: true);
        }

        return isProven;
    }

    private static bool IsProven(LoopDriver driver, int looks) =>
        looks >= LooksForProof || driver.Thread is { IsAsleep: true };
}
