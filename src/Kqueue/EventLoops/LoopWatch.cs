namespace Kqueue.EventLoops;

/// <summary>
/// Looks at the loops of a group and takes a loop from a driver that has not moved between two looks. While every loop
/// is in its wait it sleeps until one leaves it.
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

    // The watch's own: what it saw at its last look.
    private readonly ClaimWord[] _seen;
    private int _idleLooks;

    private int _isParked;
    private bool _isStopped;

    public LoopWatch(EventLoop[] loops, LoopThreads threads, TimeSpan period)
    {
        _loops = loops;
        _threads = threads;
        _period = period;
        _seen = new ClaimWord[loops.Length];
        _thread = new Thread(Run) { Name = "kqueue watch", IsBackground = true };
    }

    public void Start() => _thread.Start();

    /// <summary>A loop has left its wait. Called by its driver, after the word says so.</summary>
    public void OnActive()
    {
        // The driver moves the word and then looks at the flag; the watch raises the flag and then looks at the words.
        // Both are full fences, so one of the two sees the other.
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

    /// <summary>Looks at every loop once; false when all are in their wait.</summary>
    private bool Look()
    {
        var isActive = false;
        for (var i = 0; i < _loops.Length; i++)
        {
            var word = _loops[i].Word;
            if (!word.IsInWait)
            {
                isActive = true;
                if (word == _seen[i])
                {
                    _threads.TakeOver(_loops[i], word);
                }
            }

            _seen[i] = word;
        }

        return isActive;
    }

    private void Park()
    {
        _unpark.Reset();
        Interlocked.Exchange(ref _isParked, 1);
        if (!Volatile.Read(ref _isStopped) && Array.TrueForAll(_loops, loop => loop.Word.IsInWait))
        {
            _unpark.Wait();
        }

        Interlocked.Exchange(ref _isParked, 0);
        _idleLooks = 0;
    }
}
