using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Kernels;
using KqueueTransport.IntegrationTests.Outbound;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>Every suite on macOS's calls, played on sockets of this system.</summary>
public static class OnPlayedDarwin
{
    public sealed class Http() : HttpTests(Played.Darwin);

    public sealed class RawHttp() : RawHttpTests(Played.Darwin);

    public sealed class Tls() : TlsTests(Played.Darwin);

    public sealed class Http2() : Http2Tests(Played.Darwin);

    public sealed class WebSocket() : WebSocketTests(Played.Darwin);

    public sealed class ServerEvent() : ServerEventTests(Played.Darwin);

    public sealed class Payload() : PayloadTests(Played.Darwin);

    public sealed class Backpressure() : BackpressureTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(Played.Darwin);

    public sealed class EndPoint() : EndPointTests(Played.Darwin);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(Played.Darwin);

    public sealed class EarlyEnd() : EarlyEndTests(Played.Darwin);

    public sealed class RequestAbort() : RequestAbortTests(Played.Darwin);

    public sealed class HalfClose() : HalfCloseTests(Played.Darwin);

    public sealed class ClientTool() : ClientToolTests(Played.Darwin);

    public sealed class GenericHost() : GenericHostTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(Played.Darwin);

    public sealed class WebAppProcess() : WebAppProcessTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(Played.Darwin, loaded);

    public sealed class Threads() : ThreadTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class Systemd() : SystemdTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class DescriptorLimit() : DescriptorLimitTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class ThreadLimit() : ThreadLimitTests(Played.Darwin);

    [Collection<Alone>]
    public sealed class HeapLimit() : HeapLimitTests(Played.Darwin);

    public sealed class Blocking() : BlockingTests(Played.Darwin);

    public sealed class Transfers() : TransferTests(Played.Darwin);

    public sealed class HttpClient() : HttpClientTests(Played.Darwin);

    public sealed class ProxyProtocol() : ProxyProtocolTests(Played.Darwin);
}
