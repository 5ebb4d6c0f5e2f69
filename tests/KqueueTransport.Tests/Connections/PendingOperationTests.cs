using System.Threading.Tasks.Sources;
using KqueueTransport.Connections.Continuations;

namespace KqueueTransport.Tests.Connections;

/// <summary>The one operation of a pipe end that may be pending.</summary>
public sealed class PendingOperationTests
{
    private static readonly Action<object?, CancellationToken> s_ignore = static (_, _) => { };

    private PendingOperation _operation;

    [Fact]
    public void TryEnd_Pending_IsTrueForOneCaller()
    {
        _operation.Begin(s_ignore, this, CancellationToken.None);

        Assert.True(_operation.TryEnd());
        Assert.False(_operation.TryEnd());
    }

    [Fact]
    public void TryEnd_NothingPending_IsFalse() => Assert.False(_operation.TryEnd());

    [Fact]
    public void GetResult_Completed_MakesRoomForTheNext()
    {
        for (var i = 0; i < 3; i++)
        {
            var version = _operation.Begin(s_ignore, this, CancellationToken.None);
            Assert.Equal(ValueTaskSourceStatus.Pending, _operation.GetStatus(version));
            _operation.TryEnd();
            _operation.Complete();
            Assert.Equal(ValueTaskSourceStatus.Succeeded, _operation.GetStatus(version));
            _operation.GetResult(version);
        }
    }

    [Fact]
    public void GetResult_Completed_ReturnsTheTokenAndForgetsIt()
    {
        using var source = new CancellationTokenSource();
        var version = _operation.Begin(s_ignore, this, source.Token);
        Assert.True(_operation.IsOf(source.Token));
        _operation.TryEnd();
        _operation.Complete();

        Assert.Equal(source.Token, _operation.GetResult(version));

        Assert.False(_operation.IsOf(source.Token));
        Assert.Equal(ValueTaskSourceStatus.Pending, _operation.GetStatus(Begin()));
    }

    [Fact]
    public void GetResult_NotCompleted_ThrowsAndLeavesItPending()
    {
        var version = Begin();

        Assert.Throws<InvalidOperationException>(() => _operation.GetResult(version));

        Assert.True(_operation.TryEnd());
        _operation.Complete();
        _operation.GetResult(version);
    }

    [Fact]
    public void GetResult_TakenBefore_Throws()
    {
        var version = Begin();
        _operation.TryEnd();
        _operation.Complete();
        _operation.GetResult(version);

        Assert.Throws<InvalidOperationException>(() => _operation.GetResult(version));
        Assert.Equal(ValueTaskSourceStatus.Faulted, _operation.GetStatus(version));
    }

    [Fact]
    public void OnCompleted_ThenComplete_ReturnsTheContinuationOnce()
    {
        var runs = 0;
        var version = Begin();
        Assert.Equal(Awaiting.Pending, _operation.OnCompleted(Continuing(() => runs++), version));
        _operation.TryEnd();

        _operation.Complete().Run();

        Assert.Equal(1, runs);
    }

    // An awaiter asks whether the operation is completed and then brings its continuation: a moment lies between.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OnCompleted_CompletedMeanwhile_LeavesTheContinuationToItsOwner(bool isTaken)
    {
        var version = Begin();
        _operation.TryEnd();
        _operation.Complete();
        if (isTaken)
        {
            _operation.GetResult(version);
            Begin();
        }

        Assert.Equal(Awaiting.Over, _operation.OnCompleted(Continuing(() => { }), version));
    }

    [Fact]
    public void OnCompleted_Twice_BothGetAnError()
    {
        var version = Begin();
        var continued = 0;
        _operation.OnCompleted(Continuing(() => continued++), version);

        Assert.Equal(Awaiting.Twice, _operation.OnCompleted(Continuing(() => { }), version));

        Assert.Throws<InvalidOperationException>(() => _operation.GetResult(version));
        _operation.TryEnd();
        _operation.Complete().Run();
        Assert.Equal(1, continued);
        Assert.Throws<InvalidOperationException>(() => _operation.GetResult(version));
    }

    // Somebody flushes without awaiting, again and again: one flush has ended and waits for a thread to complete it
    // when the next begins. Completing twice would throw on the loop.
    [Fact]
    public void Begin_TheOneBeforeHasEndedAndIsNotCompletedYet_SharesIt()
    {
        Begin();
        Assert.True(_operation.TryEnd());

        var shared = Begin();

        Assert.False(_operation.TryEnd());
        _operation.Complete();
        Assert.Equal(ValueTaskSourceStatus.Succeeded, _operation.GetStatus(shared));
        _operation.GetResult(shared);
        Begin();
        Assert.True(_operation.TryEnd());
        _operation.Complete();
    }

    [Fact]
    public void Begin_TheOneBeforeWasNotAwaited_StartsAnew()
    {
        var first = Begin();
        _operation.TryEnd();
        _operation.Complete();

        var second = Begin();

        Assert.NotEqual(first, second);
        Assert.Equal(ValueTaskSourceStatus.Pending, _operation.GetStatus(second));
    }

    [Fact]
    public void Begin_TheOneBeforeWasNotAwaited_ItsTokenEndsNothing()
    {
        using var source = new CancellationTokenSource();
        var isEnded = false;
        _operation.Begin((_, _) => isEnded = true, this, source.Token);
        _operation.TryEnd();
        _operation.Complete();
        Begin();

        source.Cancel();

        Assert.False(isEnded);
    }

    // The moments inside of the steps: the owner completes it while the awaiter brings its continuation.
    [Fact]
    public async Task OnCompleted_CompletedAtThatMoment_OneOfTheTwoHasTheContinuation()
    {
        const int Rounds = 100_000;
        var (turn, runs, expected) = (0, 0, 0);
        short version = 0;
        var awaiting = Awaiting.Pending;
        var awaiter = Task.Factory.StartNew(
            () =>
            {
                for (var round = 1; round <= Rounds; round++)
                {
                    Waiting.SpinUntil(ref turn, round);
                    awaiting = _operation.OnCompleted(Continuing(() => runs++), version);
                    Volatile.Write(ref turn, -round);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        for (var round = 1; round <= Rounds; round++)
        {
            version = Begin();
            _operation.TryEnd();
            Volatile.Write(ref turn, round);
            Thread.SpinWait(round % 32);
            var continuation = _operation.Complete();
            Waiting.SpinUntil(ref turn, -round);
            continuation.Run();
            expected += awaiting is Awaiting.Pending ? 1 : 0;
            _operation.GetResult(version);
        }

        await awaiter;
        Assert.Equal(expected, runs);
    }

    private static Continuation Continuing(Action action) =>
        new(_ => action(), null, ValueTaskSourceOnCompletedFlags.None);

    private short Begin() => _operation.Begin(s_ignore, this, CancellationToken.None);
}
