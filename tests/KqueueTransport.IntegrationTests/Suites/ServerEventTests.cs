using System.Net.ServerSentEvents;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>Server-sent events: small writes that have to leave at once, on a response without an end.</summary>
public abstract class ServerEventTests(TestTransport transport) : WebAppSuite(transport)
{
    [Fact]
    public async Task Events_Counted_ArriveInOrderThenEnd()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        var events = await ReadAsync(client, "/events?count=5&ms=1").ToListAsync(Deadline);

        Assert.Equal(["1", "2", "3", "4", "5"], events);
    }

    [Fact]
    public async Task Events_Endless_ArriveBeforeTheResponseEnds()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        var events = await ReadAsync(client, "/events?ms=1").Take(20).ToListAsync(Deadline);

        Assert.Equal(20, events.Count);
    }

    [Fact]
    public async Task Event_OneThenSilence_ArrivesAtOnce()
    {
        using var client = Http.ClientFor(StartWebApp().Http);

        // The next one would come in a minute, which is when the wait for this one ends.
        Assert.Equal("1", await ReadAsync(client, "/events?ms=60000").FirstAsync(Deadline));
    }

    private async IAsyncEnumerable<string> ReadAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Deadline);
        await using var stream = await response.Content.ReadAsStreamAsync(Deadline);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Deadline))
        {
            yield return item.Data;
        }
    }
}
