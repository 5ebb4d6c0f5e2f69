using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>Garbage to every endpoint of samples/WebApp. The other samples get theirs in their own tests.</summary>
public sealed class GarbageTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const int Clients = 150;

    [Theory]
    [InlineData("http")]
    [InlineData("echo")]
    [InlineData("hello")]
    public async Task Garbage_ToAnEndPoint_IsAnsweredOrRefusedAndNothingBreaks(string name)
    {
        await using var app = await WebAppProcess.StartAsync(["--port=0"], Deadline);
        var endPoint = name switch { "http" => app.Http, "echo" => app.Echo, _ => app.Hello };
        var garbage = new GarbageClients(endPoint, isEcho: name == "echo");

        await garbage.TalkAsync(Clients, Deadline);

        await EchoClients.TalkAsync(app.Echo, connections: 1, messages: 5, Deadline);
        using (var client = Http.ClientFor(app.Http))
        {
            Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
        }

        await Until.TrueAsync(() => ProcessFacts.Of(app.Id).Connections(endPoint.Port) == 0, Deadline);
        app.Signal(PosixSignal.SIGTERM);
        var end = await app.WaitForEndAsync(Deadline);
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));

        // A busy machine may have it warn that handlers block: they wait for their code to be compiled.
        Assert.DoesNotContain("fail: ", end.Output, StringComparison.Ordinal);
        Survived.Print($"garbage to WebApp {name}", garbage.Counts);
    }
}
