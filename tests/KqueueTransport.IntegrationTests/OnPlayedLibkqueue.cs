using KqueueTransport.IntegrationTests.HandOver;
using KqueueTransport.IntegrationTests.Kernels;
using KqueueTransport.IntegrationTests.Outbound;
using KqueueTransport.IntegrationTests.Suites;

namespace KqueueTransport.IntegrationTests;

/// <summary>
/// Every suite on libkqueue's calls, played, and with knotes that outlive their descriptors as there.
/// </summary>
public static class OnPlayedLibkqueue
{
    public sealed class Http() : HttpTests(Played.Libkqueue);

    public sealed class RawHttp() : RawHttpTests(Played.Libkqueue);

    public sealed class Tls() : TlsTests(Played.Libkqueue);

    public sealed class Http2() : Http2Tests(Played.Libkqueue);

    public sealed class WebSocket() : WebSocketTests(Played.Libkqueue);

    public sealed class ServerEvent() : ServerEventTests(Played.Libkqueue);

    public sealed class Payload() : PayloadTests(Played.Libkqueue);

    public sealed class Backpressure() : BackpressureTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class Shutdown() : ShutdownTests(Played.Libkqueue);

    public sealed class EndPoint() : EndPointTests(Played.Libkqueue);

    public sealed class ConnectionHandler() : ConnectionHandlerTests(Played.Libkqueue)
    {
        protected override string? LacksUrgentMarks =>
            "It counts up to the mark of urgent data, as Linux does, and says nothing of it.";
    }

    public sealed class EarlyEnd() : EarlyEndTests(Played.Libkqueue);

    public sealed class RequestAbort() : RequestAbortTests(Played.Libkqueue);

    public sealed class HalfClose() : HalfCloseTests(Played.Libkqueue);

    public sealed class ClientTool() : ClientToolTests(Played.Libkqueue);

    public sealed class GenericHost() : GenericHostTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class ConnectionStorm() : ConnectionStormTests(Played.Libkqueue);

    public sealed class WebAppProcess() : WebAppProcessTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class LoadTool(LoadedApp loaded) : LoadToolTests(Played.Libkqueue, loaded);

    public sealed class Threads() : ThreadTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class Idle() : IdleTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class Systemd() : SystemdTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class DescriptorLimit() : DescriptorLimitTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class ThreadLimit() : ThreadLimitTests(Played.Libkqueue);

    [Collection<Alone>]
    public sealed class HeapLimit() : HeapLimitTests(Played.Libkqueue);

    public sealed class Blocking() : BlockingTests(Played.Libkqueue);

    public sealed class Transfers() : TransferTests(Played.Libkqueue);

    public sealed class HttpClient() : HttpClientTests(Played.Libkqueue);

    public sealed class ProxyProtocol() : ProxyProtocolTests(Played.Libkqueue);
}
