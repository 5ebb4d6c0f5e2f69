using Grpc.Core;

namespace KqueueTransport.FrameworkTests.Rpc;

/// <summary>
/// The methods of <see cref="BytesServiceBase"/>. Their messages are plain bytes, so that no compiler of protocol files
/// has to run where the tests are built.
/// </summary>
internal static class Bytes
{
    private const string Service = "kqueue.Bytes";

    private static readonly Marshaller<byte[]> s_plain = Marshallers.Create(bytes => bytes, bytes => bytes);

    public static Method<byte[], byte[]> Echo { get; } = Make(MethodType.Unary, nameof(Echo));

    public static Method<byte[], byte[]> Fail { get; } = Make(MethodType.Unary, nameof(Fail));

    /// <summary>Answers with the hash of all the messages.</summary>
    public static Method<byte[], byte[]> Hash { get; } = Make(MethodType.ClientStreaming, nameof(Hash));

    /// <summary>Takes a count as four bytes, and answers with so many messages of growing size.</summary>
    public static Method<byte[], byte[]> Count { get; } = Make(MethodType.ServerStreaming, nameof(Count));

    public static Method<byte[], byte[]> EchoAll { get; } = Make(MethodType.DuplexStreaming, nameof(EchoAll));

    /// <summary>Sends nothing until it is cancelled.</summary>
    public static Method<byte[], byte[]> Wait { get; } = Make(MethodType.ServerStreaming, nameof(Wait));

    public static void Bind(ServiceBinderBase binder, BytesServiceBase? service)
    {
        binder.AddMethod(Echo, service is null ? null : service.Echo);
        binder.AddMethod(Fail, service is null ? null : service.Fail);
        binder.AddMethod(Hash, service is null ? null : service.Hash);
        binder.AddMethod(Count, service is null ? null : service.Count);
        binder.AddMethod(EchoAll, service is null ? null : service.EchoAll);
        binder.AddMethod(Wait, service is null ? null : service.Wait);
    }

    private static Method<byte[], byte[]> Make(MethodType type, string name) =>
        new(type, Service, name, s_plain, s_plain);
}
