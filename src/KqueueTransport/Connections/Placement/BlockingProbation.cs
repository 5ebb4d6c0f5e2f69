namespace KqueueTransport.Connections.Placement;

/// <summary>
/// Whether one connection's handlers may run on the loop, and whether they are known to come back quickly where none of
/// their listener's may. After a proven block they are on probation; one that blocks then as well keeps the next ones
/// off the loop, until enough of those have come back quickly.
/// </summary>
/// <remarks>
/// The watch puts it on probation and the thread that runs the application counts it down, at the same time perhaps: a
/// count that is lost between the two is no harm.
/// </remarks>
internal struct BlockingProbation
{
    /// <summary>Handlers that have to come back quickly, off the loop, before the next runs on it again.</summary>
    public const byte HandlersOffLoop = 8;

    /// <summary>Handlers after a block among which a second one makes the connection a blocking one.</summary>
    public const byte HandlersOnProbation = 16;

    // A handler that takes longer would have had its loop taken from it.
    private static readonly TimeSpan s_quick = TimeSpan.FromMilliseconds(2);

    // A handler that takes longer has blocked. In between it may also have been the kernel that set its thread aside
    // for another: that is no reason to return to the loop, and none to stay away for longer.
    private static readonly TimeSpan s_blocked = TimeSpan.FromMilliseconds(20);

    // Handlers in a row that make them known to be quick. On the loop they are counted as they begin: that the second
    // begins tells that the first has come back.
    private const int HandlersToBeQuick = 2;

    private byte _offLoopLeft;
    private byte _probationLeft;
    private byte _quickInARow;

    // What ApplicationScheduling.Shortages was when the first of these was counted.
    private byte _shortages;

    /// <summary>Whether the next handler has to run off the loop. From any thread.</summary>
    public readonly bool IsOffLoop => Volatile.Read(in _offLoopLeft) != 0;

    /// <summary>
    /// Whether the last handlers came back quickly, and since threads ran short for the last time. From any thread.
    /// </summary>
    public readonly bool IsQuick(byte shortages) =>
        Volatile.Read(in _quickInARow) >= HandlersToBeQuick && _shortages == shortages;

    /// <summary>A handler holds up the loop.</summary>
    public void OnStuck()
    {
        if (_probationLeft > 0)
        {
            Volatile.Write(ref _offLoopLeft, HandlersOffLoop);
        }

        _probationLeft = HandlersOnProbation;
        _quickInARow = 0;
    }

    /// <summary>A handler is about to run on the loop.</summary>
    public void OnRunOnLoop(byte shortages)
    {
        CountQuick(shortages);
        if (_probationLeft > 0)
        {
            _probationLeft--;
        }
    }

    /// <summary>A handler has run off the loop for so long.</summary>
    public void OnRanOffLoop(TimeSpan duration, byte shortages)
    {
        var wasOffLoop = _offLoopLeft > 0;
        if (duration >= s_blocked)
        {
            Volatile.Write(ref _offLoopLeft, HandlersOffLoop);
            _quickInARow = 0;
        }
        else if (duration <= s_quick)
        {
            CountQuick(shortages);
            if (wasOffLoop)
            {
                Volatile.Write(ref _offLoopLeft, (byte)(_offLoopLeft - 1));
            }
        }

        if (wasOffLoop || duration >= s_blocked)
        {
            _probationLeft = HandlersOnProbation;
        }
    }

    private void CountQuick(byte shortages)
    {
        if (_shortages != shortages)
        {
            _shortages = shortages;
            _quickInARow = 0;
        }

        if (_quickInARow < HandlersToBeQuick)
        {
            _quickInARow++;
        }
    }
}
