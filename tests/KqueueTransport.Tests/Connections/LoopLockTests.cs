using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>
/// The steps of a <see cref="LoopLock"/> itself, whose orders <see cref="LoopLockModelTests"/> goes through: marks that
/// are left reach the loop.
/// </summary>
public sealed class LoopLockTests : IEventHandler, IThreadPoolWorkItem, IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly Registration _registration;
    private LoopLock _lock;
    private int _runs;

    public LoopLockTests()
    {
        _registration = _loop.Register(0, this);
        _loop.Start();
    }

    public void Dispose() => _loop.Dispose();

    void IEventHandler.OnEvent(in KEvent kevent)
    {
    }

    void IThreadPoolWorkItem.Execute() => Interlocked.Increment(ref _runs);

    [Fact]
    public async Task Leave_MarksWereLeft_PostsTheWork()
    {
        LeaveMarksBesideAHolder(LoopMarks.Readable);

        await Waiting.UntilAsync(() => Volatile.Read(ref _runs) == 1);
        Assert.Equal(LoopMarks.Readable | LoopMarks.Posted, _lock.Marks);
    }

    // The work that is posted finds the lock taken and leaves its own mark: nobody else is about to look for it.
    [Fact]
    public async Task Leave_ThePostedWorkFoundTheLockTaken_PostsItAgain()
    {
        LeaveMarksBesideAHolder(LoopMarks.Readable);
        await Waiting.UntilAsync(() => Volatile.Read(ref _runs) == 1);

        LeaveMarksBesideAHolder(LoopMarks.Receive);

        await Waiting.UntilAsync(() => Volatile.Read(ref _runs) == 2);
        Assert.Equal(LoopMarks.Readable | LoopMarks.Receive | LoopMarks.Posted, _lock.Marks);
    }

    // The moments inside of the steps: whoever has the lock gives it back while another one finds it taken. Marks that
    // stay behind are posted.
    [Fact]
    public async Task TryEnter_TheLockIsGivenBackAtThatMoment_EntersOrIsPosted()
    {
        const int Rounds = 100_000;
        var turn = 0;
        var entering = Task.Factory.StartNew(
            () =>
            {
                for (var round = 1; round <= Rounds; round++)
                {
                    Waiting.SpinUntil(ref turn, round);
                    if (_lock.TryEnter(_registration, LoopMarks.Readable))
                    {
                        _lock.Take();
                        _lock.Leave(_registration, this);
                    }

                    Volatile.Write(ref turn, -round);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        var lost = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            Monitor.Enter(_registration);
            Volatile.Write(ref turn, round);
            Thread.SpinWait(round % 32);
            _lock.Leave(_registration, this);
            Waiting.SpinUntil(ref turn, -round);
            lost += _lock.Take() is LoopMarks.Readable ? 1 : 0;
        }

        await entering;
        Assert.Equal(0, lost);
    }

    private void LeaveMarksBesideAHolder(LoopMarks marks)
    {
        var hasEntered = true;
        Monitor.Enter(_registration);
        var other = new Thread(() => hasEntered = _lock.TryEnter(_registration, marks));
        other.Start();
        other.Join();
        _lock.Leave(_registration, this);
        Assert.False(hasEntered);
    }
}
