using System.Diagnostics;
using System.IO.Pipes;
using Kqueue.EventLoops;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.EventLoops;

/// <summary>Who sleeps and who does not, seen from another thread.</summary>
public sealed class ThreadSleepTests : IDisposable
{
    private readonly ManualResetEventSlim _isOver = new();
    private ThreadSleep? _sleep;

    public void Dispose() => _isOver.Dispose();

    public static TheoryData<string> Waits => ["sleep", "event", "monitor", "lock", "task", "join"];

    [Theory]
    [MemberData(nameof(Waits))]
    public void IsAsleep_TheThreadWaits_IsTrue(string wait)
    {
        var gate = new Lock();
        OtherThread thread;
        lock (gate)
        {
            thread = Start(() => Wait(wait, gate));
            Until.Holds(() => Volatile.Read(ref _sleep) is { IsAsleep: true }, "Nobody sees the thread sleep.");
        }

        _isOver.Set();
        thread.Join();
    }

    [Fact]
    public void IsAsleep_TheThreadWaitsInASystemCall_IsTrueWhereTheSystemShowsIt()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self/task"), "This system does not show a process its threads.");
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, writer.ClientSafePipeHandle);
        using var thread = Start(() => reader.ReadByte());

        Until.Holds(() => Volatile.Read(ref _sleep) is { IsAsleep: true }, "Nobody sees the thread sleep.");

        writer.WriteByte(1);
        thread.Join();
    }

    [Fact]
    public void IsAsleep_TheThreadComputes_IsFalse()
    {
        using var thread = Start(Compute);
        Until.Holds(() => Volatile.Read(ref _sleep) is not null, "The thread does not start.");

        // The runtime may stop it for a moment, but most of the time it is there.
        var awake = Enumerable.Range(0, 50).Count(_ => !_sleep!.IsAsleep);

        _isOver.Set();
        Assert.InRange(awake, 1, 50);
    }

    [Fact]
    public void IsAsleep_TheThreadHasEnded_IsFalse()
    {
        using (var thread = Start(() => { }))
        {
            thread.Join();
        }

        Assert.False(_sleep!.IsAsleep);
    }

    private OtherThread Start(Action action) => new(() =>
    {
        Volatile.Write(ref _sleep, new ThreadSleep());
        action();
    });

    private void Compute()
    {
        var started = Stopwatch.GetTimestamp();
        while (!_isOver.IsSet && Stopwatch.GetElapsedTime(started) < Until.Patience)
        {
        }
    }

    private void Wait(string wait, Lock gate)
    {
        switch (wait)
        {
            case "sleep":
                while (!_isOver.IsSet)
                {
                    Thread.Sleep(50);
                }

                break;
            case "event":
                _isOver.WaitHandle.WaitOne(Until.Patience);
                break;
            case "monitor":
                _isOver.Wait(Until.Patience);
                break;
            case "lock":
                gate.Enter();
                gate.Exit();
                break;
            case "task":
                Task.Run(() => _isOver.Wait(Until.Patience)).GetAwaiter().GetResult();
                break;
            default:
                using (var other = new OtherThread(() => _isOver.Wait(Until.Patience)))
                {
                    other.Join();
                }

                break;
        }
    }
}
