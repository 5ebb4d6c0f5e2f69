using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace KqueueTransport.Tests.Connections;

/// <summary>The framework's Socket over a descriptor that stays the connection's.</summary>
public sealed class SocketFeatureTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public void Socket_AskedForTwice_IsTheSameAndKnowsItsEnds()
    {
        var (connection, peer) = _fixture.Open();
        var feature = connection.Features.Get<IConnectionSocketFeature>()!;

        Assert.Same(feature.Socket, feature.Socket);
        Assert.Equal(peer.LocalEndPoint, feature.Socket.RemoteEndPoint);
        Assert.Equal(connection.Descriptor, feature.Socket.SafeHandle.DangerousGetHandle());
    }

    [Fact]
    public async Task Socket_Disposed_TheConnectionGoesOnAndClosesOnce()
    {
        var (connection, peer) = _fixture.Open();

        connection.Features.Get<IConnectionSocketFeature>()!.Socket.Dispose();

        await connection.Transport.Output.WriteAsync("still here"u8.ToArray()).Soon();
        Assert.Equal("still here"u8.ToArray(), await peer.ReceiveExactlyAsync(10));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task ConnectionEnds_SocketWasMade_IsDisposedAndDoesNotClose()
    {
        var (connection, peer) = _fixture.Open();
        var socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;
        peer.Shutdown(SocketShutdown.Send);
        await connection.Transport.Input.ReadAsync().Soon();

        await connection.DisposeAsync().Soon();

        Assert.Throws<ObjectDisposedException>(() => socket.Send([1]));
        Assert.True(Assert.Single(
            _fixture.Calls.Calls, made => made.Call == SocketCall.Close).Result is { Error: Errno.None });
    }

    [Fact]
    public async Task Socket_FirstAskedForAfterTheEnd_Throws()
    {
        var (connection, _) = _fixture.Open();
        connection.Abort();
        await connection.DisposeAsync().Soon();

        Assert.Throws<ObjectDisposedException>(() => connection.Features.Get<IConnectionSocketFeature>()!.Socket);
    }

    [Fact]
    public async Task Features_DescriptorsOfALibrary_HaveNoSocket()
    {
        await using var fixture = new ConnectionFixture();
        fixture.Calls.HidesProcessDescriptors = true;

        Assert.Null(fixture.Open().Connection.Features.Get<IConnectionSocketFeature>());
    }
}
