using KqueueTransport.FrameworkTests.Grains;
using KqueueTransport.FrameworkTests.Hubs;
using KqueueTransport.FrameworkTests.Mqtt;
using KqueueTransport.FrameworkTests.Outbound;
using KqueueTransport.FrameworkTests.Rpc;

namespace KqueueTransport.FrameworkTests;

/// <summary>Every suite on Kestrel's Sockets transport: what it answers is what this one has to answer.</summary>
public static class OnSockets
{
    public sealed class Grpc() : GrpcTests(TestTransport.Sockets);

    public sealed class SignalR() : SignalRTests(TestTransport.Sockets);

    public sealed class Mqtt() : MqttTests(TestTransport.Sockets);

    public sealed class Orleans() : OrleansTests(TestTransport.Sockets);

    public sealed class Redis() : RedisTests(TestTransport.Sockets);
}
