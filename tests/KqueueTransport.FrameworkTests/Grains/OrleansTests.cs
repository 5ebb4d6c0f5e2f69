using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace KqueueTransport.FrameworkTests.Grains;

/// <summary>Orleans, whose silos and clients listen and connect on the transport.</summary>
public abstract class OrleansTests : TransportSuite
{
    private readonly Cluster _cluster;

    protected OrleansTests(TestTransport transport)
        : base(transport) => _cluster = Own(new Cluster(transport, Log));

    [Fact]
    public async Task Call_PayloadsOfManySizes_ComeBack()
    {
        var (_, client) = await StartAsync();

        foreach (var length in (int[])[0, 1, 4096, 100_000, Pattern.MiB])
        {
            var payload = Pattern.OneMiB[..length];
            Assert.Equal(payload, await client.GetGrain<IWorker>(length).Echo(payload));
        }
    }

    [Fact]
    public async Task Call_GrainThrows_TheClientGetsTheError()
    {
        var (_, client) = await StartAsync();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => client.GetGrain<IWorker>(0).Fail("as asked"));

        Assert.Equal("as asked", error.Message);
    }

    [Fact]
    public async Task Calls_ManyAtOnce_EachGetsItsOwnAnswer()
    {
        var (_, client) = await StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(
            i => client.GetGrain<IWorker>(i % 100).Echo(BitConverter.GetBytes(i))));

        Assert.Equal(Enumerable.Range(0, 1000), answers.Select(answer => BitConverter.ToInt32(answer)));
    }

    [Fact]
    public async Task Stream_FromAGrain_ArrivesInOrder()
    {
        var (_, client) = await StartAsync();

        var numbers = await client.GetGrain<IWorker>(0).Count(1000).ToListAsync(Deadline);

        Assert.Equal(Enumerable.Range(0, 1000), numbers);
    }

    [Fact]
    public async Task Observer_OfTheClient_IsToldInOrder()
    {
        var (_, client) = await StartAsync();
        var listener = new Listener();

        await client.GetGrain<IWorker>(0).Tell(client.CreateObjectReference<IListener>(listener), 100);

        Assert.Equal(Enumerable.Range(0, 100), listener.Heard);
    }

    [Fact]
    public async Task Grains_OfTwoSilos_CallEachOther()
    {
        var (_, client) = await StartAsync();
        await GrainOnAsync(silo: 1, client);

        var way = await client.GetGrain<IWorker>(0).AskNeighbours(30);

        Assert.Equal(31, way.Length);
        Assert.Equal([_cluster.PortOf(0), _cluster.PortOf(1)], way.Distinct().Order());
    }

    [Fact]
    public async Task Silo_DiesAndComesBack_ItsGrainsAreServedAgain()
    {
        Log.Expect(" Orleans.");
        var (second, client) = await StartAsync();
        var grain = await GrainOnAsync(silo: 1, client);
        var elsewhere = await GrainOnAsync(silo: 0, client);

        await Cluster.KillAsync(second);
        await elsewhere.Echo([1]).WaitAsync(Deadline);
        await _cluster.StartSiloAsync(1, Deadline);

        await Until.TrueAsync(() => AnswersAsync(grain), Deadline);
        await GrainOnAsync(silo: 1, client);
    }

    [Fact]
    public async Task Gateway_IsRestarted_TheClientComesBackByItself()
    {
        Log.Expect(" Orleans.");
        await _cluster.StartSiloAsync(0, Deadline);
        var second = await _cluster.StartSiloAsync(1, Deadline);
        var client = await _cluster.ConnectAsync(1, Deadline);
        await client.GetGrain<IWorker>(0).Echo([1]);

        await Cluster.KillAsync(second);
        await _cluster.StartSiloAsync(1, Deadline);

        await Until.TrueAsync(() => AnswersAsync(client.GetGrain<IWorker>(0)), Deadline);
    }

    private async Task<(IHost Second, IGrainFactory Client)> StartAsync()
    {
        await _cluster.StartSiloAsync(0, Deadline);
        var second = await _cluster.StartSiloAsync(1, Deadline);
        return (second, await _cluster.ConnectAsync(0, Deadline));
    }

    // They are spread at random; a silo that has just come is found a little later.
    private async Task<IWorker> GrainOnAsync(int silo, IGrainFactory client)
    {
        for (var i = 10_000; ; i++)
        {
            Deadline.ThrowIfCancellationRequested();
            var grain = client.GetGrain<IWorker>(i);
            if (await grain.Silo() == _cluster.PortOf(silo))
            {
                return grain;
            }
        }
    }

    private async Task<bool> AnswersAsync(IWorker grain)
    {
        try
        {
            await grain.Echo([1]).WaitAsync(TimeSpan.FromSeconds(5), Deadline);
            return true;
        }
        catch (Exception error) when (error is OrleansException or TimeoutException)
        {
            return false;
        }
    }

    private sealed class Listener : IListener
    {
        public ConcurrentQueue<int> Heard { get; } = [];

        public Task Hear(int number)
        {
            Heard.Enqueue(number);
            return Task.CompletedTask;
        }
    }
}
