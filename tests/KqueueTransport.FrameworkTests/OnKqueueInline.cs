using KqueueTransport.FrameworkTests.Hubs;
using KqueueTransport.FrameworkTests.Mqtt;
using KqueueTransport.FrameworkTests.Outbound;
using KqueueTransport.FrameworkTests.Rpc;

namespace KqueueTransport.FrameworkTests;

/// <summary>Every suite on the kqueue transport, the application on the loop.</summary>
public static class OnKqueueInline
{
    public sealed class Grpc() : GrpcTests(TestTransport.KqueueInline);

    public sealed class SignalR() : SignalRTests(TestTransport.KqueueInline);

    public sealed class Mqtt() : MqttTests(TestTransport.KqueueInline);

    public sealed class Redis() : RedisTests(TestTransport.KqueueInline);
}
