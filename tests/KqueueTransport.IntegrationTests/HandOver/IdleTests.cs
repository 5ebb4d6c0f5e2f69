using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>A server that nobody asks anything costs nothing: neither its loops nor their watch wake.</summary>
public abstract class IdleTests(TestTransport transport) : TransportSuite(transport)
{
    // What comes late, such as the end of the last client, wakes a loop once. One that does not sleep wakes every time.
    private const int ObservationsMax = 5;

    // The one time that is waited through, because what does not happen has to be given the time to happen.
    private readonly TimeSpan _observation = TimeSpan.FromSeconds(transport.IsDefault ? 3 : 1);

    [Fact]
    public async Task LoopsAndWatch_AfterTraffic_SleepThrough()
    {
        Assert.SkipUnless(KqueueThreads.CanBeSeen, "This system does not show a process its threads' sleeps.");
        var server = await ServeAsync(context => context.Response.WriteAsync("answer" + Requests.AnswerEnd));
        using var idle = await ConnectAsync(server.EndPoint);
        await Requests.RepeatAsync(server.EndPoint, "/", answered => answered < 1000);
        await Until.StableAsync(() => KqueueThreads.Sleeps().Values.Sum(), Deadline);

        var (before, after) = await ObserveAsync();
        for (var i = 1; i < ObservationsMax && after.Except(before).Any(); i++)
        {
            (before, after) = await ObserveAsync();
        }

        // A standby thread may have gone, and the others have not moved.
        Assert.InRange(after.Count, 1, before.Count);
        Assert.All(after, thread => Assert.Equal(before[thread.Key], thread.Value));
    }

    private async Task<(Dictionary<string, long> Before, Dictionary<string, long> After)> ObserveAsync()
    {
        var before = KqueueThreads.Sleeps();
        await Task.Delay(_observation, Deadline);
        return (before, KqueueThreads.Sleeps());
    }
}
