using KqueueTransport.FrameworkTests.Grains;
using KqueueTransport.FrameworkTests.Hubs;
using KqueueTransport.FrameworkTests.Mqtt;
using KqueueTransport.FrameworkTests.Outbound;
using KqueueTransport.FrameworkTests.Rpc;
using KqueueTransport.FrameworkTests.Web;

namespace KqueueTransport.FrameworkTests;

/// <summary>Every suite on Kestrel's Sockets transport: what it answers is what this one has to answer.</summary>
public static class OnSockets
{
    public sealed class Grpc() : GrpcTests(TestTransport.Sockets);

    public sealed class SignalR() : SignalRTests(TestTransport.Sockets);

    public sealed class Mqtt() : MqttTests(TestTransport.Sockets);

    public sealed class Orleans() : OrleansTests(TestTransport.Sockets);

    public sealed class Redis() : RedisTests(TestTransport.Sockets);

    public sealed class LargeBody() : LargeBodyTests(TestTransport.Sockets);

    public sealed class Compression() : CompressionTests(TestTransport.Sockets);

    public sealed class ClientCertificate() : ClientCertificateTests(TestTransport.Sockets);

    public sealed class HealthCheck() : HealthCheckTests(TestTransport.Sockets);

    public sealed class EndPointReload() : EndPointReloadTests(TestTransport.Sockets);
}
