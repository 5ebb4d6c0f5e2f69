namespace Kqueue.Tests.Infrastructure;

/// <summary>A second thread of a test. Its failure is the test's.</summary>
internal sealed class OtherThread : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Thread _thread;
    private Exception? _failure;

    public OtherThread(Action action)
    {
        _thread = new Thread(() => Run(action)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Waits until it has ended.</summary>
    public void Join()
    {
        Assert.True(_thread.Join(s_patience), "The other thread did not end.");
        if (_failure is not null)
        {
            throw new InvalidOperationException("The other thread failed.", _failure);
        }
    }

    public void Dispose() => _thread.Join(s_patience);

    private void Run(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // Handed to the thread that joins.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _failure = failure;
        }
    }
}
