using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Outbound;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>Every suite on the kqueue transport, the application on the thread pool.</summary>
public static class OnKqueueThreadPool
{
    public sealed class Http() : HttpTests(TestTransport.KqueueThreadPool);

    public sealed class RawHttp() : RawHttpTests(TestTransport.KqueueThreadPool);

    public sealed class Tls() : TlsTests(TestTransport.KqueueThreadPool);

    public sealed class Http2() : Http2Tests(TestTransport.KqueueThreadPool);

    public sealed class WebSocket() : WebSocketTests(TestTransport.KqueueThreadPool);

    public sealed class ServerEvent() : ServerEventTests(TestTransport.KqueueThreadPool);

    public sealed class Payload() : PayloadTests(TestTransport.KqueueThreadPool);

    public sealed class Backpressure() : BackpressureTests(TestTransport.KqueueThreadPool);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(TestTransport.KqueueThreadPool);

    public sealed class EndPoint() : EndPointTests(TestTransport.KqueueThreadPool);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(TestTransport.KqueueThreadPool);

    public sealed class EarlyEnd() : EarlyEndTests(TestTransport.KqueueThreadPool);

    public sealed class RequestAbort() : RequestAbortTests(TestTransport.KqueueThreadPool);

    public sealed class HalfClose() : HalfCloseTests(TestTransport.KqueueThreadPool);

    public sealed class ClientTool() : ClientToolTests(TestTransport.KqueueThreadPool);

    public sealed class GenericHost() : GenericHostTests(TestTransport.KqueueThreadPool);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(TestTransport.KqueueThreadPool);

    public sealed class WebAppProcess() : WebAppProcessTests(TestTransport.KqueueThreadPool);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(TestTransport.KqueueThreadPool, loaded);

    public sealed class Blocking() : BlockingTests(TestTransport.KqueueThreadPool);

    public sealed class Threads() : ThreadTests(TestTransport.KqueueThreadPool);

    public sealed class Transfers() : TransferTests(TestTransport.KqueueThreadPool);

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(TestTransport.KqueueThreadPool);

    public sealed class HttpClient() : HttpClientTests(TestTransport.KqueueThreadPool);

    public sealed class ProxyProtocol() : ProxyProtocolTests(TestTransport.KqueueThreadPool);
}
