using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Kernels;
using KqueueTransport.IntegrationTests.Outbound;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>Every suite on NetBSD's calls, played on sockets of this system.</summary>
public static class OnPlayedNetBsd
{
    public sealed class Http() : HttpTests(Played.NetBsd);

    public sealed class RawHttp() : RawHttpTests(Played.NetBsd);

    public sealed class Tls() : TlsTests(Played.NetBsd);

    public sealed class Http2() : Http2Tests(Played.NetBsd);

    public sealed class WebSocket() : WebSocketTests(Played.NetBsd);

    public sealed class ServerEvent() : ServerEventTests(Played.NetBsd);

    public sealed class Payload() : PayloadTests(Played.NetBsd);

    public sealed class Backpressure() : BackpressureTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(Played.NetBsd);

    public sealed class EndPoint() : EndPointTests(Played.NetBsd);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(Played.NetBsd);

    public sealed class EarlyEnd() : EarlyEndTests(Played.NetBsd);

    public sealed class RequestAbort() : RequestAbortTests(Played.NetBsd);

    public sealed class HalfClose() : HalfCloseTests(Played.NetBsd);

    public sealed class ClientTool() : ClientToolTests(Played.NetBsd);

    public sealed class GenericHost() : GenericHostTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(Played.NetBsd);

    public sealed class WebAppProcess() : WebAppProcessTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(Played.NetBsd, loaded);

    public sealed class Threads() : ThreadTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class Systemd() : SystemdTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class DescriptorLimit() : DescriptorLimitTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class ThreadLimit() : ThreadLimitTests(Played.NetBsd);

    [Collection<Alone>]
    public sealed class HeapLimit() : HeapLimitTests(Played.NetBsd);

    public sealed class Blocking() : BlockingTests(Played.NetBsd);

    public sealed class Transfers() : TransferTests(Played.NetBsd);

    public sealed class HttpClient() : HttpClientTests(Played.NetBsd);

    public sealed class ProxyProtocol() : ProxyProtocolTests(Played.NetBsd);
}
