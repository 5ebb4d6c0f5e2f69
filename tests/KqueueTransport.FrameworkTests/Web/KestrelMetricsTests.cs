using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>
/// What Kestrel measures, by way of OpenTelemetry: every instrument, tag and count, for every way in which a connection
/// ends, is as on Sockets. Alone, because a listener of meters hears the whole process.
/// </summary>
[Collection<Alone>]
public sealed class KestrelMetricsTests() : TransportSuite(TestTransport.Sockets)
{
    private const string Meter = "Microsoft.AspNetCore.Server.Kestrel";

    public static TheoryData<string> Ends => [.. ConnectionEnd.All.Keys];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task Metrics_OfAnEnd_AreAsOnSockets(string end)
    {
        var expected = await MeasureAsync(TestTransport.Sockets, ConnectionEnd.All[end]);

        Assert.NotEmpty(expected);
        foreach (var transport in (TestTransport[])
            [TestTransport.KqueueAdaptive, TestTransport.KqueueThreadPool, TestTransport.KqueueInline])
        {
            Assert.Equal(expected, await MeasureAsync(transport, ConnectionEnd.All[end]));
        }
    }

    private async Task<string[]> MeasureAsync(TestTransport transport, ConnectionEnd end)
    {
        using var exporter = new MetricsExporter();
        using var reader = new BaseExportingMetricReader(exporter);
        using var meters = Sdk.CreateMeterProviderBuilder().AddMeter(Meter).AddReader(reader).Build();
        await using var server = await KestrelHost.StartAsync(
            transport,
            Log,
            kestrel => Listen(kestrel, end),
            app => app.UseWebSockets().Run(AnswerAsync),
            configure: null,
            Deadline);

        await end.RunAsync(server, Deadline);

        await Until.TrueAsync(
            () =>
            {
                meters.ForceFlush();
                return exporter.Total("kestrel.connection.duration") == end.Connections &&
                    exporter.Total("kestrel.active_connections") == 0;
            },
            Deadline);
        return [.. exporter.Lines];
    }

    private static void Listen(KestrelServerOptions kestrel, ConnectionEnd end)
    {
        end.Limits?.Invoke(kestrel.Limits);
        kestrel.Listen(IPAddress.Loopback, 0);
        kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(SelfSignedCertificate.Instance));
        kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        kestrel.Listen(IPAddress.IPv6Loopback, 0);
        kestrel.ListenUnixSocket(ConnectionEnd.UnixPath);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path)
        {
            case "/abort":
                context.Abort();
                break;
            case "/body":
                await context.Request.Body.CopyToAsync(Stream.Null, Deadline);
                break;
            case "/wait":
                await context.Response.Body.FlushAsync(Deadline);
                await Task.Delay(Timeout.Infinite, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case "/endless":
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await context.Response.Body.WriteAsync(Pattern.OneMiB, CancellationToken.None);
                }

                break;
            case "/socket":
                using (var socket = await context.WebSockets.AcceptWebSocketAsync())
                {
                    await socket.ReceiveAsync(new byte[1].AsMemory(), Deadline);
                    await socket.CloseAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, Deadline);
                }

                break;
            default:
                context.Response.ContentLength = "hello".Length;
                await context.Response.WriteAsync("hello", Deadline);
                break;
        }
    }
}
