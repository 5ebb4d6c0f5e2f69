using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Kernels;
using KqueueTransport.IntegrationTests.Outbound;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>Every suite on FreeBSD's calls, played on sockets of this system.</summary>
public static class OnPlayedFreeBsd
{
    public sealed class Http() : HttpTests(Played.FreeBsd);

    public sealed class RawHttp() : RawHttpTests(Played.FreeBsd);

    public sealed class Tls() : TlsTests(Played.FreeBsd);

    public sealed class Http2() : Http2Tests(Played.FreeBsd);

    public sealed class WebSocket() : WebSocketTests(Played.FreeBsd);

    public sealed class ServerEvent() : ServerEventTests(Played.FreeBsd);

    public sealed class Payload() : PayloadTests(Played.FreeBsd);

    public sealed class Backpressure() : BackpressureTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(Played.FreeBsd);

    public sealed class EndPoint() : EndPointTests(Played.FreeBsd);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(Played.FreeBsd);

    public sealed class EarlyEnd() : EarlyEndTests(Played.FreeBsd);

    public sealed class RequestAbort() : RequestAbortTests(Played.FreeBsd);

    public sealed class HalfClose() : HalfCloseTests(Played.FreeBsd);

    public sealed class ClientTool() : ClientToolTests(Played.FreeBsd);

    public sealed class GenericHost() : GenericHostTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(Played.FreeBsd);

    public sealed class WebAppProcess() : WebAppProcessTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(Played.FreeBsd, loaded);

    public sealed class Threads() : ThreadTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class Systemd() : SystemdTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class DescriptorLimit() : DescriptorLimitTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class ThreadLimit() : ThreadLimitTests(Played.FreeBsd);

    [Collection<Alone>]
    public sealed class HeapLimit() : HeapLimitTests(Played.FreeBsd);

    public sealed class Blocking() : BlockingTests(Played.FreeBsd);

    public sealed class Transfers() : TransferTests(Played.FreeBsd);

    public sealed class HttpClient() : HttpClientTests(Played.FreeBsd);

    public sealed class ProxyProtocol() : ProxyProtocolTests(Played.FreeBsd);
}
