using KqueueTransport.FrameworkTests.Hubs;
using KqueueTransport.FrameworkTests.Mqtt;
using KqueueTransport.FrameworkTests.Outbound;
using KqueueTransport.FrameworkTests.Rpc;
using KqueueTransport.FrameworkTests.Web;

namespace KqueueTransport.FrameworkTests;

/// <summary>Every suite on the kqueue transport, the application on the loop.</summary>
public static class OnKqueueInline
{
    public sealed class Grpc() : GrpcTests(TestTransport.KqueueInline);

    public sealed class SignalR() : SignalRTests(TestTransport.KqueueInline);

    public sealed class Mqtt() : MqttTests(TestTransport.KqueueInline);

    public sealed class Redis() : RedisTests(TestTransport.KqueueInline);

    public sealed class LargeBody() : LargeBodyTests(TestTransport.KqueueInline);

    public sealed class Compression() : CompressionTests(TestTransport.KqueueInline);

    public sealed class ClientCertificate() : ClientCertificateTests(TestTransport.KqueueInline);

    public sealed class HealthCheck() : HealthCheckTests(TestTransport.KqueueInline);

    public sealed class EndPointReload() : EndPointReloadTests(TestTransport.KqueueInline);
}
