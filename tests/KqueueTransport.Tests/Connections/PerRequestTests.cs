using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace KqueueTransport.Tests.Connections;

/// <summary>What one request of a connection that is kept alive costs.</summary>
public sealed class PerRequestTests
{
    private const int RequestBytes = 100;
    private const int ResponseBytes = 200;

    [Theory]
    [InlineData(Scheduling.Inline)]
    [InlineData(Scheduling.Adaptive)]
    [InlineData(Scheduling.ThreadPool)]
    public async Task Exchange_KeptAlive_CostsOneReceiveAndOneSend(Scheduling mode)
    {
        const int Warm = 10;
        const int Requests = 200;
        await using var fixture = new ConnectionFixture(mode);
        var (connection, peer) = fixture.Open();
        var serving = ServeAsync(connection, (_, _) => { });
        await ExchangeAsync(peer, Warm);

        // A send is remembered when it is back, and the peer may have its bytes before that.
        await Waiting.UntilAsync(() => SendsOf(fixture, connection) == Warm);
        var calls = fixture.Calls.Calls.Count;

        await ExchangeAsync(peer, Requests);

        await Waiting.UntilAsync(() => SendsOf(fixture, connection) >= Warm + Requests);
        var made = fixture.Calls.Calls.Skip(calls).ToLookup(call => call.Call);
        Assert.Equal(Requests, made[SocketCall.Receive].Count());
        Assert.Equal(Requests, made[SocketCall.Send].Count());
        Assert.Equal(2, made.Count);
        peer.Shutdown(SocketShutdown.Both);
        await serving.Soon();
        await fixture.AssertEndedCleanlyAsync();
    }

    // Counted on the loop's own thread, which does everything: the count is exact, whatever other tests do.
    [Fact]
    public async Task Exchange_WarmAndInline_AllocatesNothing()
    {
        const int Warm = 2000;
        const int Measured = 1000;
        var options = new KqueueTransportOptions { LoopCount = 1, Scheduling = Scheduling.Inline };
        var memory = new KeepingMemoryPoolFactory();
        using var loops = new TransportLoops(
            options, SystemSocketCalls.Instance, NullLogger.Instance, memory, meterFactory: null);
        using var pair = SocketPair.Create(SystemSocketCalls.Instance, new IPEndPoint(IPAddress.Loopback, 0));
        using var peer = new Socket(new SafeSocketHandle(pair.TakeConnected(), ownsHandle: true));
        var placement = loops.PlacementFor(pair.ListenEndPoint, Scheduling.Inline, NullLogger.Instance);
        var connection = new Connection(
            loops.LessLoaded(),
            new EndPointContext(options, placement),
            pair.TakeAccepted(),
            pair.ListenEndPoint,
            peer.LocalEndPoint);
        var before = (Thread: 0, Bytes: 0L);
        var after = (Thread: 0, Bytes: 0L);
        var serving = ServeAsync(connection, (served, _) =>
        {
            if (served == Warm)
            {
                before = (Environment.CurrentManagedThreadId, GC.GetAllocatedBytesForCurrentThread());
            }
            else if (served == Warm + Measured)
            {
                after = (Environment.CurrentManagedThreadId, GC.GetAllocatedBytesForCurrentThread());
            }
        });
        connection.Start();

        await ExchangeAsync(peer, Warm + Measured);

        peer.Shutdown(SocketShutdown.Both);
        await serving.Soon();
        await connection.DisposeAsync().Soon();
        Assert.NotEqual(0, after.Thread);
        Assert.Equal(before, after);
    }

    private static int SendsOf(ConnectionFixture fixture, Connection connection) =>
        fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor);

    private static async Task ServeAsync(Connection connection, Action<int, Connection> onServed)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        for (var served = 1; ; served++)
        {
            var result = await input.ReadAsync().ConfigureAwait(false);
            if (result.Buffer.IsEmpty)
            {
                return;
            }

            input.AdvanceTo(result.Buffer.End);
            output.GetSpan(ResponseBytes)[..ResponseBytes].Clear();
            output.Advance(ResponseBytes);
            onServed(served, connection);
            await output.FlushAsync().ConfigureAwait(false);
        }
    }

    private static async Task ExchangeAsync(Socket peer, int requests)
    {
        var request = new byte[RequestBytes];
        for (var i = 0; i < requests; i++)
        {
            await peer.SendAsync(request.AsMemory()).Soon();
            await peer.ReceiveExactlyAsync(ResponseBytes);
        }
    }
}
