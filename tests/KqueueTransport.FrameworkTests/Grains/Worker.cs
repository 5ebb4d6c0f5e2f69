using Orleans.Placement;

namespace KqueueTransport.FrameworkTests.Grains;

/// <inheritdoc cref="IWorker"/>
[RandomPlacement]
public sealed class Worker(ILocalSiloDetails silo) : Grain, IWorker
{
    public Task<byte[]> Echo(byte[] payload) => Task.FromResult(payload);

    public Task Fail(string reason) => throw new InvalidOperationException(reason);

    public async IAsyncEnumerable<int> Count(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return i;
        }
    }

    public Task<int> Silo() => Task.FromResult(silo.SiloAddress.Endpoint.Port);

    public async Task<int[]> AskNeighbours(int count)
    {
        var here = silo.SiloAddress.Endpoint.Port;
        var next = GrainFactory.GetGrain<IWorker>(this.GetPrimaryKeyLong() + 1);
        return count == 0 ? [here] : [here, .. await next.AskNeighbours(count - 1)];
    }

    public async Task Tell(IListener listener, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await listener.Hear(i);
        }
    }
}
