using System.Net;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Pipes;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>Where a listener's application runs, and when it leaves the loops.</summary>
public sealed class SchedulingTests : IDisposable
{
    private static readonly IPEndPoint s_endPoint = new(IPAddress.Loopback, 80);

    private readonly LogCollector _log = new();
    private readonly EventLoop _loop = new();

    public SchedulingTests() => _loop.Start();

    public void Dispose() => _loop.Dispose();

    [Theory]
    [InlineData(Scheduling.Adaptive, true)]
    [InlineData(Scheduling.Inline, true)]
    [InlineData(Scheduling.ThreadPool, false)]
    public void RunsInline_NothingBlocked_IsWhatTheModeSays(Scheduling mode, bool runsInline) =>
        Assert.Equal(runsInline, Create(mode).RunsInline);

    [Theory]
    [InlineData(Scheduling.Inline, true)]
    [InlineData(Scheduling.ThreadPool, false)]
    public void OnStuck_NotAdaptive_ChangesNothing(Scheduling mode, bool runsInline)
    {
        var scheduling = Create(mode);

        scheduling.OnStuck(_loop, isHandedOver: false);

        Assert.Equal(runsInline, scheduling.RunsInline);
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public void OnStuck_AFewHandOvers_StaysOnTheLoops()
    {
        var scheduling = Create(Scheduling.Adaptive);

        for (var i = 0; i < 10; i++)
        {
            scheduling.OnStuck(_loop, isHandedOver: true);
        }

        Assert.True(scheduling.RunsInline);
    }

    [Fact]
    public async Task OnStuck_NoThreadLeft_LeavesTheLoopsWarnsOnceAndReturns()
    {
        var scheduling = Create(Scheduling.Adaptive);
        for (var episode = 0; episode < 2; episode++)
        {
            scheduling.OnStuck(_loop, isHandedOver: false);
            Assert.False(scheduling.RunsInline);

            await Waiting.UntilAsync(() => scheduling.RunsInline);
        }

        // The log hears of it on the thread pool.
        await Waiting.UntilAsync(() => _log.Entries.Any(entry => entry.Level == LogLevel.Warning));
        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Warning);
    }

    private ApplicationScheduling Create(Scheduling mode) => new(mode, s_endPoint, _log);
}
