using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Outbound;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>Every suite on the kqueue transport as it is without options: on the loop, and never stuck there.</summary>
public static class OnKqueueAdaptive
{
    public sealed class Http() : HttpTests(TestTransport.KqueueAdaptive);

    public sealed class RawHttp() : RawHttpTests(TestTransport.KqueueAdaptive);

    public sealed class Tls() : TlsTests(TestTransport.KqueueAdaptive);

    public sealed class Http2() : Http2Tests(TestTransport.KqueueAdaptive);

    public sealed class WebSocket() : WebSocketTests(TestTransport.KqueueAdaptive);

    public sealed class ServerEvent() : ServerEventTests(TestTransport.KqueueAdaptive);

    public sealed class Payload() : PayloadTests(TestTransport.KqueueAdaptive);

    public sealed class Backpressure() : BackpressureTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(TestTransport.KqueueAdaptive);

    public sealed class EndPoint() : EndPointTests(TestTransport.KqueueAdaptive);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(TestTransport.KqueueAdaptive);

    public sealed class EarlyEnd() : EarlyEndTests(TestTransport.KqueueAdaptive);

    public sealed class RequestAbort() : RequestAbortTests(TestTransport.KqueueAdaptive);

    public sealed class HalfClose() : HalfCloseTests(TestTransport.KqueueAdaptive);

    public sealed class ClientTool() : ClientToolTests(TestTransport.KqueueAdaptive);

    public sealed class GenericHost() : GenericHostTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(TestTransport.KqueueAdaptive);

    public sealed class WebAppProcess() : WebAppProcessTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(TestTransport.KqueueAdaptive, loaded);

    public sealed class Threads() : ThreadTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class Systemd() : SystemdTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class DescriptorLimit() : DescriptorLimitTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class HeapLimit() : HeapLimitTests(TestTransport.KqueueAdaptive);

    [Collection<Alone>]
    public sealed class ThreadLimit() : ThreadLimitTests(TestTransport.KqueueAdaptive);

    public sealed class HttpClient() : HttpClientTests(TestTransport.KqueueAdaptive);

    public sealed class ProxyProtocol() : ProxyProtocolTests(TestTransport.KqueueAdaptive);
}
