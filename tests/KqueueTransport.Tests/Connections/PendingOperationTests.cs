using System.Threading.Tasks.Sources;
using KqueueTransport.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>The one operation of a pipe end that may be pending.</summary>
public sealed class PendingOperationTests
{
    private static readonly Action<object?> s_ignore = static _ => { };

    private PendingOperation _operation;

    [Fact]
    public void TryEnd_Pending_IsTrueForOneCaller()
    {
        _operation.Begin(s_ignore, this, CancellationToken.None);

        Assert.True(_operation.TryEnd());
        Assert.False(_operation.TryEnd());
        Assert.False(_operation.TryEndCanceled());
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
    public void GetResult_EndedByTheToken_Throws()
    {
        using var source = new CancellationTokenSource();
        var version = _operation.Begin(s_ignore, this, source.Token);
        _operation.TryEndCanceled();
        _operation.Complete();

        var thrown = Assert.Throws<OperationCanceledException>(() => _operation.GetResult(version));

        Assert.Equal(source.Token, thrown.CancellationToken);
        Assert.Equal(ValueTaskSourceStatus.Pending, _operation.GetStatus(Begin()));
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
        _operation.Begin(_ => isEnded = true, this, source.Token);
        _operation.TryEnd();
        _operation.Complete();
        Begin();

        source.Cancel();

        Assert.False(isEnded);
    }

    private short Begin() => _operation.Begin(s_ignore, this, CancellationToken.None);
}
