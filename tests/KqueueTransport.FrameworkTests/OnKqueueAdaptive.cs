using KqueueTransport.FrameworkTests.Grains;
using KqueueTransport.FrameworkTests.Hubs;
using KqueueTransport.FrameworkTests.Mqtt;
using KqueueTransport.FrameworkTests.Outbound;
using KqueueTransport.FrameworkTests.Rpc;
using KqueueTransport.FrameworkTests.Web;

namespace KqueueTransport.FrameworkTests;

/// <summary>Every suite on the kqueue transport as it is without options: on the loop, and never stuck there.</summary>
public static class OnKqueueAdaptive
{
    public sealed class Grpc() : GrpcTests(TestTransport.KqueueAdaptive);

    public sealed class GrpcOverFactory() : GrpcTests(TestTransport.KqueueAdaptive, clientOnLoops: true);

    public sealed class SignalR() : SignalRTests(TestTransport.KqueueAdaptive);

    public sealed class Mqtt() : MqttTests(TestTransport.KqueueAdaptive);

    public sealed class MqttOverFactory() : MqttTests(TestTransport.KqueueAdaptive, clientOnLoops: true);

    public sealed class Orleans() : OrleansTests(TestTransport.KqueueAdaptive);

    public sealed class Redis() : RedisTests(TestTransport.KqueueAdaptive);

    public sealed class LargeBody() : LargeBodyTests(TestTransport.KqueueAdaptive);

    public sealed class Compression() : CompressionTests(TestTransport.KqueueAdaptive);

    public sealed class ClientCertificate() : ClientCertificateTests(TestTransport.KqueueAdaptive);

    public sealed class HealthCheck() : HealthCheckTests(TestTransport.KqueueAdaptive);

    public sealed class EndPointReload() : EndPointReloadTests(TestTransport.KqueueAdaptive);
}
