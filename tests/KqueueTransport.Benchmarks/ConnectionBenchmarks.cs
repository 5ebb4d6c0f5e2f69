using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace KqueueTransport.Benchmarks;

/// <summary>A connection of the transport: its reader, its writer, and a request there and back.</summary>
[MemoryDiagnoser]
public class ConnectionBenchmarks
{
    private const int RequestBytes = 100;
    private const int ResponseBytes = 200;

    private readonly byte[] _request = new byte[RequestBytes];
    private readonly byte[] _response = new byte[ResponseBytes];

    private WebApplication _host = null!;
    private IConnectionListener _listener = null!;
    private Socket _peer = null!;
    private ConnectionContext _connection = null!;
    private Socket _servedPeer = null!;
    private ConnectionContext _served = null!;
    private Task _serving = null!;

    /// <summary>Where the application runs.</summary>
    [Params(Scheduling.Adaptive, Scheduling.Inline, Scheduling.ThreadPool)]
    public Scheduling Scheduling { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        // A host that is never started: it has what Kestrel gives a transport, its memory pool above all.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKqueueTransport(
            options => (options.LoopCount, options.Scheduling) = (1, Scheduling));
        _host = builder.Build();
        _listener = await _host.Services.GetRequiredService<IConnectionListenerFactory>()
            .BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        (_peer, _connection) = await ConnectAsync();
        (_servedPeer, _served) = await ConnectAsync();
        _serving = ServeAsync(_served.Transport);
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        _peer.Dispose();
        _servedPeer.Dispose();
        await _serving;
        await _connection.DisposeAsync();
        await _served.DisposeAsync();
        await _listener.DisposeAsync();
        await _host.DisposeAsync();
    }

    /// <summary>Bytes come and are read by a thread that waits for them.</summary>
    [Benchmark]
    public void Read()
    {
        _peer.Send(_request);
        var input = _connection.Transport.Input;
        ReadResult read;
        SpinWait wait = default;
        while (!input.TryRead(out read))
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }

        input.AdvanceTo(read.Buffer.End);
    }

    /// <summary>Bytes are written, the flush sends them, the peer has them.</summary>
    [Benchmark]
    public async ValueTask WriteAndFlushAsync()
    {
        var output = _connection.Transport.Output;
        output.Write(_response);
        await output.FlushAsync().ConfigureAwait(false);
        _peer.Receive(_response);
    }

    /// <summary>A request and its response, served by the application as Kestrel would be.</summary>
    [Benchmark]
    public void RoundTrip()
    {
        _servedPeer.Send(_request);
        for (var received = 0; received < ResponseBytes;)
        {
            received += _servedPeer.Receive(_response.AsSpan(received));
        }
    }

    private async Task<(Socket Peer, ConnectionContext Connection)> ConnectAsync()
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        // Not ConnectAsync: after any asynchronous call, a socket allocates for every receive that has to wait.
        peer.Connect(_listener.EndPoint);
        return (peer, (await _listener.AcceptAsync())!);
    }

    private async Task ServeAsync(IDuplexPipe transport)
    {
        while (true)
        {
            var read = await transport.Input.ReadAsync().ConfigureAwait(false);
            if (read.IsCompleted)
            {
                return;
            }

            transport.Input.AdvanceTo(read.Buffer.End);
            transport.Output.Write(_response);
            await transport.Output.FlushAsync().ConfigureAwait(false);
        }
    }
}
