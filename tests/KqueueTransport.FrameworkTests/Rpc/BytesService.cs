using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Grpc.Core;

namespace KqueueTransport.FrameworkTests.Rpc;

/// <summary>The server's side of <see cref="Bytes"/>.</summary>
internal sealed class BytesService(BytesService.Ends ends) : BytesServiceBase
{
    public override Task<byte[]> Echo(byte[] message, ServerCallContext call) => Task.FromResult(message);

    public override Task<byte[]> Fail(byte[] message, ServerCallContext call)
    {
        call.ResponseTrailers.Add("reason", "asked");
        throw new RpcException(new Status(StatusCode.FailedPrecondition, "as asked"));
    }

    public override async Task<byte[]> Hash(IAsyncStreamReader<byte[]> messages, ServerCallContext call)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await foreach (var message in messages.ReadAllAsync(call.CancellationToken))
        {
            hash.AppendData(message);
        }

        return hash.GetHashAndReset();
    }

    public override async Task Count(byte[] count, IServerStreamWriter<byte[]> answers, ServerCallContext call)
    {
        for (var i = 0; i < BinaryPrimitives.ReadInt32LittleEndian(count); i++)
        {
            await answers.WriteAsync(Pattern.OneMiB[..i], call.CancellationToken);
        }
    }

    public override async Task EchoAll(
        IAsyncStreamReader<byte[]> messages, IServerStreamWriter<byte[]> answers, ServerCallContext call)
    {
        await foreach (var message in messages.ReadAllAsync(call.CancellationToken))
        {
            await answers.WriteAsync(message, call.CancellationToken);
        }
    }

    public override async Task Wait(byte[] message, IServerStreamWriter<byte[]> answers, ServerCallContext call)
    {
        ends.Begun.Enqueue(call.Method);
        try
        {
            await answers.WriteAsync(message, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // The deadline has passed since: the call is complete, and its token about to be cancelled.
        }

        await Task.Delay(Timeout.Infinite, call.CancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ends.Cancelled.Enqueue(call.Method);
    }

    /// <summary>The calls that wait for their end, and those that ended because they were cancelled.</summary>
    internal sealed class Ends
    {
        public ConcurrentQueue<string> Begun { get; } = [];

        public ConcurrentQueue<string> Cancelled { get; } = [];
    }
}
