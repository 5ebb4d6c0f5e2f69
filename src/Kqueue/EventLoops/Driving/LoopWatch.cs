using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Kqueue.EventLoops.Driving;

/// <summary>
/// Looks at the loops of a group and takes a loop from a driver that has not moved between two looks. While every loop
/// is in its wait, it sleeps. Nothing but arithmetic runs on it.
/// </summary>
internal sealed class LoopWatch
{
    /// <summary>
    /// Looks after which a handler is told what it does, although it is not back: with the default period, longer than
    /// most that block take. And looks at which no loop had moved before the watch parks: a server with a request now
    /// and then does not pay for many wakes of the watch with each, and one with many pays for few out of its park.
    /// </summary>
    public const int LooksMin = 8;

    private readonly EventLoop[] _loops;
    private readonly TimeSpan _period;
    private readonly int _processorCount = Environment.ProcessorCount;
    private readonly Thread _thread;

    // Pulsed when the watch has to leave its park, or to end.
    private readonly object _gate = new();

    // The watch's own: what it saw at its last look, and when that was.
    private readonly ClaimWord[] _seen;
    private long _lookedAt;
    private int _idleLooks;
    private int _first;

    private long _refused;
    private volatile bool _isParked;
    private volatile bool _isStopped;

    public LoopWatch(EventLoop[] loops, TimeSpan period)
    {
        _loops = loops;
        _period = period;
        _seen = new ClaimWord[loops.Length];
        _thread = new Thread(Run) { Name = "kqueue watch", IsBackground = true };
    }

    /// <summary>How many looks found a loop stuck and no thread for it.</summary>
    public long RefusedCount => Volatile.Read(ref _refused);

    public void Start()
    {
        // Whoever makes it calls every listener of the process, which the watch must not.
        RuntimeHelpers.RunClassConstructor(typeof(EventLoopEventSource).TypeHandle);
        _thread.UnsafeStart();
    }

    /// <summary>A loop has left its wait. Called after the word says so.</summary>
    public void OnActive()
    {
        // The caller moves the word and then looks at the flag; the watch raises the flag and then looks at the words.
        // Both are full fences, so one of the two sees the other.
        if (_isParked && Interlocked.Exchange(ref _isParked, false))
        {
            Wake();
        }
    }

    /// <summary>Ends the watch and waits until it has, unless the caller must not wait.</summary>
    public void Stop(bool mayWait)
    {
        _isStopped = true;
        Wake();
        if (mayWait && _thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        while (!_isStopped)
        {
            Sleep();

            // Who comes late was kept from its core, stopped or paused, and so were the drivers: one that has not moved
            // since may not have had the time to.
            var late = _lookedAt != 0 && Stopwatch.GetElapsedTime(_lookedAt) > 2 * _period;
            _lookedAt = Stopwatch.GetTimestamp();
            try
            {
                _idleLooks = Look(mayJudge: !late && !Debugger.IsAttached) ? 0 : _idleLooks + 1;
            }
            catch (OutOfMemoryException)
            {
                // Nobody is taken from anybody until there is some: it looks again.
                _idleLooks = 0;
            }

            if (_idleLooks >= LooksMin)
            {
                Park();
            }
        }
    }

    /// <summary>
    /// Looks at everybody once; false when all loops are in their wait, none has moved and nobody is left behind who
    /// has not been told.
    /// </summary>
    internal bool Look(bool mayJudge)
    {
        var (isActive, computing) = (false, 0);
        foreach (var loop in _loops)
        {
            isActive |= loop.LeftBehind.Look(mayJudge, ref computing);
        }

        // More threads that compute than there are processors would only take turns. A loop whose driver computes as
        // well stays with it until one of the others is back.
        var isCrowded = computing >= _processorCount;

        // As many marks for each look as there are processors, whatever the number of loops; they take turns.
        var marks = _processorCount;
        _first = (_first + 1) % _loops.Length;
        for (var i = 0; i < _loops.Length; i++)
        {
            var number = (_first + i) % _loops.Length;
            var (loop, word) = (_loops[number], _loops[number].Word);
            var hasMoved = word != _seen[number];
            _seen[number] = word;
            isActive |= hasMoved || !word.IsInWait;
            if (hasMoved)
            {
                loop.Driver.NoteMoved(word.IsInWait, mustMark: marks-- > 0);
            }
            else if (mayJudge && !word.IsInWait && !(isCrowded && loop.Driver.Computes()) &&
                !loop.TryHandOver(word, isForced: true))
            {
                Volatile.Write(ref _refused, _refused + 1);
            }
        }

        return isActive;
    }

    private void Park()
    {
        Interlocked.Exchange(ref _isParked, true);
        if (Array.TrueForAll(_loops, loop => loop.Word.IsInWait))
        {
            lock (_gate)
            {
                while (_isParked && !_isStopped)
                {
                    Monitor.Wait(_gate);
                }
            }
        }

        Interlocked.Exchange(ref _isParked, false);
        (_idleLooks, _lookedAt) = (0, 0);
    }

    // Not Thread.Sleep: whoever stops the watch waits for it.
    private void Sleep()
    {
        lock (_gate)
        {
            if (!_isStopped)
            {
                Monitor.Wait(_gate, _period);
            }
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.Pulse(_gate);
        }
    }
}
