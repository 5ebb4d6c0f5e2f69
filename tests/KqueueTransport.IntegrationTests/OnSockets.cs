using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>Every suite on Kestrel's Sockets transport: what it answers is what this one has to answer.</summary>
public static class OnSockets
{
    public sealed class Http() : HttpTests(TestTransport.Sockets);

    public sealed class RawHttp() : RawHttpTests(TestTransport.Sockets);

    public sealed class Tls() : TlsTests(TestTransport.Sockets);

    public sealed class Http2() : Http2Tests(TestTransport.Sockets);

    public sealed class WebSocket() : WebSocketTests(TestTransport.Sockets);

    public sealed class ServerEvent() : ServerEventTests(TestTransport.Sockets);

    public sealed class Payload() : PayloadTests(TestTransport.Sockets);

    public sealed class Backpressure() : BackpressureTests(TestTransport.Sockets);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(TestTransport.Sockets);

    public sealed class EndPoint() : EndPointTests(TestTransport.Sockets);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(TestTransport.Sockets);

    public sealed class EarlyEnd() : EarlyEndTests(TestTransport.Sockets);

    public sealed class RequestAbort() : RequestAbortTests(TestTransport.Sockets);

    public sealed class ClientTool() : ClientToolTests(TestTransport.Sockets);

    public sealed class GenericHost() : GenericHostTests(TestTransport.Sockets);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(TestTransport.Sockets);

    public sealed class WebAppProcess() : WebAppProcessTests(TestTransport.Sockets);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(TestTransport.Sockets, loaded);

    [Collection<Alone>]
    public sealed class DescriptorLimit() : DescriptorLimitTests(TestTransport.Sockets);

    [Collection<Alone>]
    public sealed class HeapLimit() : HeapLimitTests(TestTransport.Sockets);

    public sealed class Blocking() : BlockingTests(TestTransport.Sockets);

    public sealed class Threads() : ThreadTests(TestTransport.Sockets);

    public sealed class Transfers() : TransferTests(TestTransport.Sockets);

    [Collection<Alone>]
    public sealed class Systemd() : SystemdTests(TestTransport.Sockets);

    public sealed class ProxyProtocol() : ProxyProtocolTests(TestTransport.Sockets);
}
