using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>Health checks, which answer while they change.</summary>
public abstract class HealthCheckTests(TestTransport transport) : TransportSuite(transport)
{
    [Fact]
    public async Task Health_ChangesAndIsAskedByMany_EachAnswerIsWhole()
    {
        var isWell = true;
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0),
            app => app.MapHealthChecks("/health"),
            builder => builder.Services.AddHealthChecks().AddAsyncCheck("switch", async () =>
            {
                await Task.Yield();
                return Volatile.Read(ref isWell) ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded();
            }));
        using var client = Http.ClientFor(server.EndPoint);

        foreach (var well in (bool[])[true, false, true])
        {
            Volatile.Write(ref isWell, well);
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 50).Select(_ => client.GetStringAsync("/health", Deadline)));
            Assert.All(answers, answer => Assert.Equal(well ? "Healthy" : "Degraded", answer));
        }
    }
}
