using KqueueTransport.IntegrationTests.Processes;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>What a server's process shows to the outside and hands on to its children.</summary>
public sealed class ProcessTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    [Fact]
    public async Task ListenSockets_AreThoseThatWereAskedFor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells what another process listens on.");
        await using var app = await WebAppProcess.StartAsync(["--port=0"], Deadline);

        int[] asked = [app.Http.Port, app.Echo.Port, app.Hello.Port];
        Assert.Equal(asked.Order(), ProcessFacts.Of(app.Id).ListeningPorts.Order());
    }
}
