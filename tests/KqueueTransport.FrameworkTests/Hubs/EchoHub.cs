using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;

namespace KqueueTransport.FrameworkTests.Hubs;

#pragma warning disable CA1822 // SignalR takes no static methods.

/// <summary>What the suites ask of a hub.</summary>
internal sealed class EchoHub(EchoHub.Ends ends) : Hub
{
    public Task<string> Echo(string text)
    {
        return Task.FromResult(text);
    }

    public async IAsyncEnumerable<int> Count(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return i;
        }
    }

    public async Task<long> Sum(IAsyncEnumerable<int> numbers)
    {
        var sum = 0L;
        await foreach (var number in numbers)
        {
            sum += number;
        }

        return sum;
    }

    public Task Broadcast(string text) => Clients.All.SendAsync("heard", text);

    public override Task OnConnectedAsync()
    {
        ends.Connected.Enqueue(Context.ConnectionId);
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        ends.Disconnected.Enqueue(Context.ConnectionId);
        return Task.CompletedTask;
    }

    /// <summary>What began at the server, and what came to an end there.</summary>
    internal sealed class Ends
    {
        public ConcurrentQueue<string> Connected { get; } = [];

        public ConcurrentQueue<string> Disconnected { get; } = [];
    }
}
