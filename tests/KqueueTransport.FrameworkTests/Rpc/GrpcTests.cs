using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace KqueueTransport.FrameworkTests.Rpc;

/// <summary>gRPC with its .NET client, over cleartext HTTP/2 and over TLS.</summary>
public abstract class GrpcTests(TestTransport transport, bool clientOnLoops = false) : TransportSuite(transport)
{
    private const int MiB = 1 << 20;

    private readonly BytesService.Ends _ends = new();

    public static TheoryData<string> Schemes => ["http", "https"];

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Unary_MessagesOfManySizes_ComeBack(string scheme)
    {
        var client = await ConnectAsync(scheme);

        foreach (var length in (int[])[0, 1, 4091, 4096, 65_536, 1_000_000])
        {
            var message = Pattern.OneMiB[..length];
            Assert.Equal(message, await client.AsyncUnaryCall(Bytes.Echo, null, Options(), message));
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Unary_MessageOf16MiB_ComesBack(string scheme)
    {
        var client = await ConnectAsync(scheme);
        var message = new byte[16 * MiB];
        Random.Shared.NextBytes(message);

        var answer = await client.AsyncUnaryCall(Bytes.Echo, null, Options(), message);

        Assert.Equal(SHA256.HashData(message), SHA256.HashData(answer));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Unary_ServerThrows_StatusAndTrailersArrive(string scheme)
    {
        var client = await ConnectAsync(scheme);

        var error = await Assert.ThrowsAsync<RpcException>(
            () => client.AsyncUnaryCall(Bytes.Fail, null, Options(), [1]).ResponseAsync);

        Assert.Equal((StatusCode.FailedPrecondition, "as asked"), (error.StatusCode, error.Status.Detail));
        Assert.Equal("asked", error.Trailers.GetValue("reason"));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task ClientStream_ManyMessages_ArriveInOrder(string scheme)
    {
        var client = await ConnectAsync(scheme);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        using var call = client.AsyncClientStreamingCall(Bytes.Hash, null, Options());
        for (var i = 0; i < 1000; i++)
        {
            var message = Pattern.OneMiB.AsSpan(i, 7 * i).ToArray();
            hash.AppendData(message);
            await call.RequestStream.WriteAsync(message, Deadline);
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal(hash.GetHashAndReset(), await call);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task ServerStream_ManyMessages_ArriveInOrder(string scheme)
    {
        const int Count = 2000;
        var client = await ConnectAsync(scheme);
        var count = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(count, Count);

        using var call = client.AsyncServerStreamingCall(Bytes.Count, null, Options(), count);

        var received = 0;
        await foreach (var message in call.ResponseStream.ReadAllAsync(Deadline))
        {
            Assert.True(message.AsSpan().SequenceEqual(Pattern.OneMiB.AsSpan(0, received++)));
        }

        Assert.Equal(Count, received);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Duplex_AHundredStreamsAtOnce_EachAnswersItsOwn(string scheme)
    {
        var client = await ConnectAsync(scheme);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(stream => TalkAsync(client, (byte)stream)));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Duplex_WritesAheadOfItsReads_IsPausedAndLosesNothing(string scheme)
    {
        const int Messages = 256;
        var client = await ConnectAsync(scheme);
        using var call = client.AsyncDuplexStreamingCall(Bytes.EchoAll, null, Options());

        var writing = Task.Run(
            async () =>
            {
                for (var i = 0; i < Messages; i++)
                {
                    await call.RequestStream.WriteAsync(Pattern.OneMiB.AsSpan(i, 65_536).ToArray(), Deadline);
                }

                await call.RequestStream.CompleteAsync();
            },
            Deadline);
        var received = 0;
        await foreach (var message in call.ResponseStream.ReadAllAsync(Deadline))
        {
            Assert.True(message.AsSpan().SequenceEqual(Pattern.OneMiB.AsSpan(received++, 65_536)));
        }

        await writing;
        Assert.Equal(Messages, received);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Deadline_Passes_EndsTheCallAtBothEnds(string scheme)
    {
        var client = await ConnectAsync(scheme);
        var time = TimeSpan.FromMilliseconds(100);
        StatusCode? status;
        do
        {
            // On a busy machine a deadline may pass before the server has the call.
            time *= 2;
            var options = new CallOptions(deadline: DateTime.UtcNow + time);
            using var call = client.AsyncServerStreamingCall(Bytes.Wait, null, options, [1]);
            var error = await Assert.ThrowsAsync<RpcException>(() => ReadToEndAsync(call));
            status = error.StatusCode;
        }
        while (_ends.Begun.IsEmpty);

        Assert.Equal(StatusCode.DeadlineExceeded, status);
        await Until.TrueAsync(() => _ends.Cancelled.Count == _ends.Begun.Count, Deadline);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Cancel_CallsInTheMiddle_EndsThemAndNoOthers(string scheme)
    {
        const int Calls = 20;
        var client = await ConnectAsync(scheme);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Deadline);
        var calls = Enumerable.Range(0, Calls).Select(_ => client.AsyncServerStreamingCall(
            Bytes.Wait, null, new CallOptions(cancellationToken: cancel.Token), [1])).ToArray();
        foreach (var call in calls)
        {
            Assert.True(await call.ResponseStream.MoveNext(Deadline));
        }

        var other = TalkAsync(client, 1);
        await cancel.CancelAsync();

        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => ReadToEndAsync(call));
            Assert.Equal(StatusCode.Cancelled, error.StatusCode);
            call.Dispose();
        }

        await other;

        // The client loses one reset of a stream in some ten thousands, on any transport: what the connection carries
        // afterwards arrives, and the reset does not.
        await Until.TrueAsync(() => _ends.Cancelled.Count >= Calls - 1, Deadline);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Server_Stops_CallsEndAndTheNextServerTakesThem(string scheme)
    {
        var port = FreePorts.Take(1);
        var server = await StartAsync(scheme, port);
        var client = Client(scheme, server.EndPoint);
        using var call = client.AsyncServerStreamingCall(Bytes.Wait, null, Options(), [1]);
        Assert.True(await call.ResponseStream.MoveNext(Deadline));

        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await server.StopAsync(atOnce.Token);
        await Assert.ThrowsAsync<RpcException>(() => ReadToEndAsync(call));
        await StartAsync(scheme, port);

        var options = Options().WithWaitForReady();
        Assert.Equal([1, 2], await client.AsyncUnaryCall(Bytes.Echo, null, options, [1, 2]));
    }

    private CallOptions Options() => new(cancellationToken: Deadline);

    private async Task TalkAsync(CallInvoker client, byte stream)
    {
        using var call = client.AsyncDuplexStreamingCall(Bytes.EchoAll, null, Options());
        for (byte i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync([stream, i], Deadline);
            Assert.True(await call.ResponseStream.MoveNext(Deadline));
            Assert.Equal([stream, i], call.ResponseStream.Current);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Deadline));
    }

    private async Task ReadToEndAsync(AsyncServerStreamingCall<byte[]> call)
    {
        while (await call.ResponseStream.MoveNext(Deadline))
        {
            // Nothing looks at what comes before the end.
        }
    }

    private async Task<CallInvoker> ConnectAsync(string scheme) =>
        Client(scheme, (await StartAsync(scheme, port: 0)).EndPoint);

    private Task<KestrelHost> StartAsync(string scheme, int port) => StartKestrelAsync(
        kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (scheme == "https")
            {
                listen.UseHttps(SelfSignedCertificate.Instance);
            }
        }),
        app => app.MapGrpcService<BytesService>(),
        builder =>
        {
            builder.Services.AddSingleton(_ends);
            builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = null);
        });

    private CallInvoker Client(string scheme, IPEndPoint endPoint)
    {
        var handler = Http.NewHandler();
        if (clientOnLoops)
        {
            var factory = Transport.NewConnectionFactory();
            OwnSynchronous(factory);
            handler.UseConnectionFactory(factory);
        }

        var channel = GrpcChannel.ForAddress($"{scheme}://{endPoint}", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null,
        });
        OwnSynchronous(channel);
        return channel.CreateCallInvoker();
    }
}
