using Kqueue.EventLoops;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.EventLoops;

/// <summary>A group of loops whose handlers block until the test lets them go on, or ends.</summary>
public abstract class GroupSuite : IDisposable
{
    // Long enough that a busy machine seldom makes a driver look stuck that is not. Where it does, nothing breaks but
    // the loop has been handed over once more: no test counts on the exact number.
    private static readonly TimeSpan s_watchPeriod = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim _release = new();
    private EventLoopGroup? _group;

    private protected bool IsReleased => _release.IsSet;

    public void Dispose()
    {
        _release.Set();
        _group?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Release() => _release.Set();

    // Not for ever: a test that fails must not leave the process hanging.
    private protected void Block() => _release.Wait(Until.Patience * 2);

    /// <summary>
    /// Keeps the calling handler until its loop was taken from it. The number of hand-overs does not tell: the loop may
    /// have been taken from a driver that was set aside before it came to the handler.
    /// </summary>
    private protected static void BlockUntilTaken() =>
        Until.Holds(() => EventLoop.Current is null, "The loop was not handed over.");

    private protected (EventLoopGroup Group, EventLoop Loop) StartGroup(
        int standbyMax = 32,
        bool handOver = true,
        int loopCount = 1,
        Action<Exception>? unhandledException = null,
        TimeSpan? watchPeriod = null,
        string name = "tested")
    {
        _group = new EventLoopGroup(new EventLoopGroupOptions
        {
            LoopCount = loopCount,
            StandbyThreadsMax = standbyMax,
            HandOver = handOver,
            WatchPeriod = watchPeriod ?? s_watchPeriod,
            Loop = new EventLoopOptions
            {
                Name = name,
                KernelQueue = KernelUnderTest.Options(fillData: false),
                UnhandledException = unhandledException,
            },
        });
        return (_group, _group.Loops[0]);
    }
}
