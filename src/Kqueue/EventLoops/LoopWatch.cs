namespace Kqueue.EventLoops;

/// <summary>
/// Looks at the loops of a group and takes a loop from a driver that has not moved between two looks. It also looks
/// after offloaded work that waits for a thread. While there is none and every loop is in its wait, it sleeps.
/// </summary>
internal sealed class LoopWatch : IDisposable
{
    // Looks at nothing but waiting loops before the watch parks: a server with a request now and then does not pay
    // for a wake of the watch with each of them.
    private const int IdleLooksBeforeParking = 50;

    private readonly EventLoop[] _loops;
    private readonly LoopThreads _threads;
    private readonly TimeSpan _period;
    private readonly ManualResetEventSlim _unpark = new(initialState: false, spinCount: 0);
    private readonly Thread _thread;

    // The watch's own: what it saw at its last look, and how many looks before had found the same.
    private readonly ClaimWord[] _seen;
    private readonly int[] _looks;
    private readonly Suspects _suspects = new();
    private int _idleLooks;

    private int _isParked;
    private bool _isStopped;

    public LoopWatch(EventLoop[] loops, LoopThreads threads, TimeSpan period)
    {
        _loops = loops;
        _threads = threads;
        _period = period;
        _seen = new ClaimWord[loops.Length];
        _looks = new int[loops.Length];
        _thread = new Thread(Run) { Name = "kqueue watch", IsBackground = true };
    }

    public void Start() => _thread.Start();

    /// <summary>
    /// A loop has left its wait, or work waits for a thread. Called after the word, or the backlog, says so.
    /// </summary>
    public void OnActive()
    {
        // The caller moves the word, or adds to the backlog, and then looks at the flag; the watch raises the flag and
        // then looks at both. All are full fences, so one of the two sees the other.
        if (Volatile.Read(ref _isParked) != 0 && Interlocked.Exchange(ref _isParked, 0) != 0)
        {
            _unpark.Set();
        }
    }

    public void Dispose()
    {
        Volatile.Write(ref _isStopped, true);
        _unpark.Set();
        _thread.Join();
        _unpark.Dispose();
    }

    private void Run()
    {
        while (!Volatile.Read(ref _isStopped))
        {
            Thread.Sleep(_period);
            if (Look())
            {
                _idleLooks = 0;
            }
            else if (++_idleLooks >= IdleLooksBeforeParking)
            {
                Park();
            }
        }
    }

    /// <summary>
    /// Looks at everybody once; false when all loops are in their wait, nobody is under suspicion and no work waits
    /// for a thread.
    /// </summary>
    internal bool Look()
    {
        _suspects.LookAgain();
        _threads.LookAtBacklog();
        var isActive = !_suspects.IsEmpty || _threads.HasBacklog;
        for (var i = 0; i < _loops.Length; i++)
        {
            var word = _loops[i].Word;
            _looks[i] = word == _seen[i] ? _looks[i] + 1 : 0;
            _seen[i] = word;
            if (!word.IsInWait)
            {
                isActive = true;
                if (_looks[i] > 0)
                {
                    OnStuck(_loops[i], word, _looks[i]);
                }
            }
        }

        return isActive;
    }

    private void OnStuck(EventLoop loop, ClaimWord word, int looks)
    {
        var stuck = loop.Driver;
        if (!_threads.TryTakeOver(loop, word))
        {
            // The loop waits for its handler; what the handler deferred does not.
            loop.RunDeferredOf(stuck);
            Suspects.Judge(stuck, word, looks);
        }
        else if (loop.Driver != stuck)
        {
            _suspects.AddLeftBehind(stuck);
        }
    }

    private void Park()
    {
        _unpark.Reset();
        Interlocked.Exchange(ref _isParked, 1);
        if (!Volatile.Read(ref _isStopped) && !_threads.HasBacklog &&
            Array.TrueForAll(_loops, loop => loop.Word.IsInWait))
        {
            _unpark.Wait();
        }

        Interlocked.Exchange(ref _isParked, 0);
        _idleLooks = 0;
    }
}
