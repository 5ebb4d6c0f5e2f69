using KqueueTransport.FrameworkTests.Grains;
using KqueueTransport.FrameworkTests.Hubs;
using KqueueTransport.FrameworkTests.Mqtt;
using KqueueTransport.FrameworkTests.Outbound;
using KqueueTransport.FrameworkTests.Rpc;

namespace KqueueTransport.FrameworkTests;

/// <summary>Every suite on the kqueue transport, the application on the thread pool.</summary>
public static class OnKqueueThreadPool
{
    public sealed class Grpc() : GrpcTests(TestTransport.KqueueThreadPool);

    public sealed class SignalR() : SignalRTests(TestTransport.KqueueThreadPool);

    public sealed class Mqtt() : MqttTests(TestTransport.KqueueThreadPool);

    public sealed class Orleans() : OrleansTests(TestTransport.KqueueThreadPool);

    public sealed class Redis() : RedisTests(TestTransport.KqueueThreadPool);
}
