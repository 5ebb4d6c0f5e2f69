using Grpc.Core;

namespace KqueueTransport.FrameworkTests.Rpc;

/// <summary>The methods as a server has them. gRPC finds them by their names, and takes virtual ones only.</summary>
[BindServiceMethod(typeof(Bytes), nameof(Bytes.Bind))]
internal abstract class BytesServiceBase
{
    public abstract Task<byte[]> Echo(byte[] message, ServerCallContext call);

    public abstract Task<byte[]> Fail(byte[] message, ServerCallContext call);

    public abstract Task<byte[]> Hash(IAsyncStreamReader<byte[]> messages, ServerCallContext call);

    public abstract Task Count(byte[] count, IServerStreamWriter<byte[]> answers, ServerCallContext call);

    public abstract Task EchoAll(
        IAsyncStreamReader<byte[]> messages, IServerStreamWriter<byte[]> answers, ServerCallContext call);

    public abstract Task Wait(byte[] message, IServerStreamWriter<byte[]> answers, ServerCallContext call);
}
