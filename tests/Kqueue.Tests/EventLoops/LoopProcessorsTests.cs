using Kqueue.EventLoops;
using Kqueue.Interop;

namespace Kqueue.Tests.EventLoops;

/// <summary>Loops that are pinned to processors.</summary>
public sealed class LoopProcessorsTests
{
    public LoopProcessorsTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux pins event loops");

    [Fact]
    public void Processors_Given_EachLoopRunsOnItsOwn()
    {
        var processors = Allowed();
        using var group = new EventLoopGroup(new EventLoopGroupOptions
        {
            LoopCount = processors.Length + 1,
            Processors = processors,
        });

        var found = group.Loops.Select(ProcessorsOf).ToArray();

        Assert.Equal([.. processors.Select(processor => new[] { processor }), [processors[0]]], found);
    }

    [Fact]
    public void Processors_LoopIsHandedOver_StaysOnItsProcessor()
    {
        var processor = Allowed()[^1];
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 1, Processors = [processor] });

        // Not disposed: the thread that the loop is taken from may come to it late.
        var release = new ManualResetEventSlim();
        group.Loops[0].Post(_ => release.Wait(Until.Patience), null);

        Assert.Equal([processor], ProcessorsOf(group.Loops[0]));
        Assert.True(group.HandOverCount > 0);
        release.Set();
    }

    // No kernel has more than 8192, and the last of them nobody has.
    [Theory]
    [InlineData(-1)]
    [InlineData(8191)]
    [InlineData(8192)]
    [InlineData(int.MaxValue)]
    public void Processors_NotThisProcesss_SaysWhichAre(int processor)
    {
        var error = Assert.Throws<ArgumentException>(
            () => new EventLoopGroup(new EventLoopGroupOptions { Processors = [processor] }));

        Assert.StartsWith($"This process may not run on processor {processor}. It may on ", error.Message);
    }

    private static int[] ProcessorsOf(EventLoop loop)
    {
        int[] found = [];
        using var ran = new ManualResetEventSlim();
        loop.Post(
            _ =>
            {
                found = Allowed();
                ran.Set();
            },
            null);
        Until.IsSet(ran, "The loop does not run.");
        return found;
    }

    /// <summary>What the calling thread may run on.</summary>
    private static int[] Allowed()
    {
        var mask = new byte[1024];
        Assert.Equal(Errno.None, Libc.GetProcessors(mask));
        return [.. Enumerable.Range(0, mask.Length * 8).Where(i => (mask[i / 8] & (1 << (i % 8))) != 0)];
    }
}
