using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using KqueueTransport.Tests.Pipes.Suites;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>A transport, registered as an application registers it, and asked for one connection at a time.</summary>
public abstract class ConnectionSource : DuplexSource
{
    public override async ValueTask<Duplex> OpenAsync(DuplexOptions options)
    {
        var host = BuildHost(options);
        var factory = host.Services.GetRequiredService<IConnectionListenerFactory>();
        var listener = await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,

            // Fixed, so that the kernel does not stretch it to megabytes that a peer which reads nothing takes.
            ReceiveBufferSize = 64 * 1024,
        };
        var connecting = peer.ConnectAsync(listener.EndPoint);
        var connection = await listener.AcceptAsync().Soon();
        await connecting.Soon();
        return new ConnectionDuplex(connection!, peer, CloseAsync);

        async ValueTask CloseAsync()
        {
            await listener.UnbindAsync();
            await listener.DisposeAsync();
            host.Dispose();
        }
    }

    protected abstract void UseTransport(IWebHostBuilder host, DuplexOptions options);

    // A web host that is never started: only its services are used.
    private IHost BuildHost(DuplexOptions options) => new HostBuilder()
        .ConfigureServices(services =>
        {
            if (options.MemoryPoolFactory is { } factory)
            {
                services.AddSingleton(factory);
            }

            if (options.Log is { } log)
            {
                services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(log));
            }
        })
        .ConfigureWebHost(host => UseTransport(host, options))
        .Build();
}

/// <summary>Kestrel's own transport: the oracle for what FIN, RST and timing do to the pipes.</summary>
public sealed class SocketsSource : ConnectionSource
{
    // Its hops through the thread pool cost work items.
    public override int AllocatedBytesPerRoundTripMax => 1024;

    // Now and then it ends the input in good order then.
    public override bool TellsReadsWhatASendMeets => false;

    public override IReadOnlyDictionary<string, string> Differences { get; } = new Dictionary<string, string>
    {
        [nameof(BackpressureSuite.FlushAsync_PeerTakesMoreThanHalf_CompletesWithoutTheRest)] =
            "It gives the socket all that there is, and hears from it when all of that is sent.",
        [nameof(ConnectionSuite.Complete_OutputWithAnErrorWhileAFlushPends_EndsTheFlushWithTheConnection)] =
            "It hears of the error when the peer has taken what was flushed before.",
        [nameof(ConnectionSuite.PeersReset_IsLoggedAsAResetAndNotAsAFin)] =
            "It logs that it sends FIN as well, where its send loop ends in order behind the reset.",
        [nameof(ConnectionSuite.Ending_Ordinary_LogsNoError)] =
            "Now and then its receive meets the socket that its end has disposed of, and that is logged as an error.",
        [nameof(WriterMemorySuite.Advance_OnMemoryKeptOverAFlush_Throws)] =
            "It hears that all is sent a moment after the peer has it, and throws from then on.",
        [nameof(MisuseSuite.ReadAsync_TwoTasksReadWhatComes_OneThrowsAndNoneHangs)] =
            "Now and then it never ends a connection whose pipe two readers have broken.",
        [nameof(PooledMemorySuite.Pool_BytesFilledTheirBlocks_HoldsNothing)] =
            "Now and then it takes a block for the next receive before there is one.",
    };

    // Nothing tells when its send waits: a connection that ends before looks at blocks that it has returned, at times.
    public override async Task<Task<FlushResult>> FlushAsync(Duplex duplex, CancellationToken cancellationToken)
    {
        var flush = duplex.Output.FlushAsync(cancellationToken).AsTask();
        await flush.IsStalledAsync();
        return flush;
    }

    protected override void UseTransport(IWebHostBuilder host, DuplexOptions options) => host.UseSockets(sockets =>
    {
        sockets.MaxReadBufferSize = options.MaxReadBufferSize;
        sockets.MaxWriteBufferSize = options.MaxWriteBufferSize;
    });
}
