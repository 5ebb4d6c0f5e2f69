using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>Every suite on the kqueue transport, the application on the loop.</summary>
public static class OnKqueueInline
{
    public sealed class Http() : HttpTests(TestTransport.KqueueInline);

    public sealed class RawHttp() : RawHttpTests(TestTransport.KqueueInline);

    public sealed class Tls() : TlsTests(TestTransport.KqueueInline);

    public sealed class Http2() : Http2Tests(TestTransport.KqueueInline);

    public sealed class WebSocket() : WebSocketTests(TestTransport.KqueueInline);

    public sealed class ServerEvent() : ServerEventTests(TestTransport.KqueueInline);

    public sealed class Payload() : PayloadTests(TestTransport.KqueueInline);

    public sealed class Backpressure() : BackpressureTests(TestTransport.KqueueInline);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(TestTransport.KqueueInline);

    public sealed class EndPoint() : EndPointTests(TestTransport.KqueueInline);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(TestTransport.KqueueInline);

    public sealed class EarlyEnd() : EarlyEndTests(TestTransport.KqueueInline);

    public sealed class RequestAbort() : RequestAbortTests(TestTransport.KqueueInline);

    public sealed class HalfClose() : HalfCloseTests(TestTransport.KqueueInline);

    public sealed class GenericHost() : GenericHostTests(TestTransport.KqueueInline);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(TestTransport.KqueueInline);

    public sealed class WebAppProcess() : WebAppProcessTests(TestTransport.KqueueInline);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(TestTransport.KqueueInline, loaded);

    public sealed class Threads() : ThreadTests(TestTransport.KqueueInline);

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(TestTransport.KqueueInline);

    public sealed class ProxyProtocol() : ProxyProtocolTests(TestTransport.KqueueInline);
}
