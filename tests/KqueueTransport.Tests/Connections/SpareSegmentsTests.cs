using System.Runtime.CompilerServices;
using KqueueTransport.Connections.Buffers;

namespace KqueueTransport.Tests.Connections;

/// <summary>Segments that nobody uses go to one at a time, whoever asks, and in whatever order.</summary>
public sealed class SpareSegmentsTests
{
    private const int Threads = 4;
    private const int Rounds = 20_000;

    private readonly SpareSegments _spares = new();

    // Whoever has a segment marks it, and may find no mark.
    private readonly ConditionalWeakTable<BufferSegment, StrongBox<int>> _marks = new();

    [Fact]
    public void Take_Given_IsTheSameAndAlone()
    {
        var segment = new BufferSegment();
        _spares.Give(new BufferSegment());
        _spares.Give(segment);

        Assert.Same(segment, _spares.Take());
        Assert.Null(segment.NextSegment);
        Assert.NotSame(segment, _spares.Take());
    }

    [Fact]
    public async Task Take_OnManyThreads_GivesNoneToTwo()
    {
        var isShared = 0;
        using var start = new Barrier(Threads);

        void TakeAndGive()
        {
            start.SignalAndWait();
            for (var i = 0; i < Rounds; i++)
            {
                var segment = _spares.Take();
                ref var mark = ref _marks.GetOrCreateValue(segment).Value;
                Interlocked.Or(ref isShared, Interlocked.Exchange(ref mark, 1));
                Volatile.Write(ref mark, 0);
                _spares.Give(segment);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(
            _ => Task.Factory.StartNew(
                TakeAndGive,
                TestContext.Current.CancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default))).Soon();

        Assert.Equal(0, isShared);
    }
}
