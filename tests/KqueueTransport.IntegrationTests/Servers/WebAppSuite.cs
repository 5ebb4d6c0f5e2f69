using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Servers;

/// <summary>A suite whose server is samples/WebApp.</summary>
public abstract class WebAppSuite(TestTransport transport) : TransportSuite(transport)
{
    private protected WebAppServer StartWebApp(Action<KestrelServerOptions>? moreEndPoints = null) =>
        Own(WebAppServer.Start(Transport, Log, moreEndPoints));
}
