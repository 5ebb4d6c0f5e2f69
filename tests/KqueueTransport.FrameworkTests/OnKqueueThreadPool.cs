using KqueueTransport.FrameworkTests.Grains;
using KqueueTransport.FrameworkTests.Hubs;
using KqueueTransport.FrameworkTests.Mqtt;
using KqueueTransport.FrameworkTests.Outbound;
using KqueueTransport.FrameworkTests.Rpc;
using KqueueTransport.FrameworkTests.Web;

namespace KqueueTransport.FrameworkTests;

/// <summary>Every suite on the kqueue transport, the application on the thread pool.</summary>
public static class OnKqueueThreadPool
{
    public sealed class Grpc() : GrpcTests(TestTransport.KqueueThreadPool);

    public sealed class SignalR() : SignalRTests(TestTransport.KqueueThreadPool);

    public sealed class Mqtt() : MqttTests(TestTransport.KqueueThreadPool);

    public sealed class Orleans() : OrleansTests(TestTransport.KqueueThreadPool);

    public sealed class Redis() : RedisTests(TestTransport.KqueueThreadPool);

    public sealed class LargeBody() : LargeBodyTests(TestTransport.KqueueThreadPool);

    public sealed class Compression() : CompressionTests(TestTransport.KqueueThreadPool);

    public sealed class ClientCertificate() : ClientCertificateTests(TestTransport.KqueueThreadPool);

    public sealed class HealthCheck() : HealthCheckTests(TestTransport.KqueueThreadPool);

    public sealed class EndPointReload() : EndPointReloadTests(TestTransport.KqueueThreadPool);
}
