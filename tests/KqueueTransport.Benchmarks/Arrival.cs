namespace KqueueTransport.Benchmarks;

/// <summary>Lets a benchmark's thread wait for another thread to have got somewhere, without a system call.</summary>
internal sealed class Arrival
{
    // Written by the thread that arrives, read by the one that waits.
    private long _count;

    // The waiting thread's own.
    private long _seen;

    public void Arrive() => Volatile.Write(ref _count, _count + 1);

    /// <summary>Waits for the next arrival.</summary>
    public void Wait()
    {
        _seen++;
        SpinWait wait = default;
        while (Volatile.Read(ref _count) < _seen)
        {
            // Yields where there are fewer processors than threads; never sleeps, which would be what is measured.
            wait.SpinOnce(sleep1Threshold: -1);
        }
    }
}
