using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>What a server's process shows to the outside and hands on to its children.</summary>
public sealed class ProcessTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    // The runtime listens for debuggers on a Unix socket, unless it is told not to.
    [Fact]
    public async Task Process_CanBeReached_WhereItWasAskedToListen()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells what another process listens on.");
        await using var app = await WebAppProcess.StartAsync(
            ["--port=0"], Deadline, new Dictionary<string, string> { ["DOTNET_EnableDiagnostics"] = "0" });

        var asked = new[] { app.Http, app.Echo, app.Hello }.Select(endPoint => $"tcp {endPoint}");
        Assert.Equal(asked.Order(), ProcessFacts.Of(app.Id).Reachable.Order());
    }
}
