using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace KqueueTransport.Tests.Connections;

/// <summary>What a connection takes that was accepted, reads, and has not heard of its peer.</summary>
public sealed class IdleConnectionTests
{
    private static readonly SocketCalls s_calls = SystemSocketCalls.Instance;

    // The sum of the objects in src/KqueueTransport/docs/internals.md.
    private const int BytesMax = 504;

    private static readonly object s_feature = new();

    [Fact]
    public async Task Take_ServedAndHearsNothing_AllocatesNoMoreThanIsListed()
    {
        var options = new KqueueTransportOptions { LoopCount = 1, Scheduling = Scheduling.Inline };
        using var loops = new TransportLoops(
            options, s_calls, NullLogger.Instance, new KeepingMemoryPoolFactory(), meterFactory: null);
        using var socket = s_calls.Listen(
            new IPEndPoint(IPAddress.Loopback, 0), new ListenSocketOptions(Backlog: 1, new(NoDelay: true)));
        var scheduling = loops.SchedulingFor(socket.EndPoint, Scheduling.Inline, NullLogger.Instance);
        var accepted = new AcceptedConnections(socket, loops, new EndPointContext(options, scheduling));
        var connections = new List<(Connection Connection, Socket Peer)>();

        var bytes = Take(accepted, count: 101, connections);

        // The median: tables grow by a page now and then.
        Assert.InRange(bytes.Order().ElementAt(bytes.Count / 2), 1, BytesMax);
        foreach (var (connection, peer) in connections)
        {
            await connection.DisposeAsync().Soon();
            peer.Dispose();
        }
    }

    /// <summary>
    /// Takes connections, which get the features that Kestrel sets and begin to read; what each of them has allocated
    /// on this thread.
    /// </summary>
    private static List<long> Take(
        AcceptedConnections accepted, int count, List<(Connection Connection, Socket Peer)> connections)
    {
        var address = SocketCalls.CreateAddress();
        var bytes = new List<long>(count);
        for (var i = 0; i < count; i++)
        {
            using var pair = SocketPair.Create(s_calls, new IPEndPoint(IPAddress.Loopback, 0));
            var descriptor = pair.TakeAccepted();
            Assert.False(s_calls.GetRemoteAddress(descriptor, address).IsError);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var connection = accepted.Take(descriptor, address)!;
            SetFeaturesOfTheServer(connection);
            Assert.False(connection.Transport.Input.ReadAsync().IsCompleted);
            bytes.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            connections.Add((connection, new Socket(new SafeSocketHandle(pair.TakeConnected(), ownsHandle: true))));
        }

        return bytes;
    }

    // Those of Kestrel's KestrelConnection. The type of the last one is its own, IConnectionMetricsContextFeature.
    private static void SetFeaturesOfTheServer(Connection connection)
    {
        connection.Features[typeof(IConnectionHeartbeatFeature)] = s_feature;
        connection.Features[typeof(IConnectionCompleteFeature)] = s_feature;
        connection.Features[typeof(IConnectionLifetimeNotificationFeature)] = s_feature;
        connection.Features[typeof(IdleConnectionTests)] = s_feature;
    }
}
