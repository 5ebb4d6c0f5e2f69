using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace BenchServer;

/// <summary>A unary gRPC call, /bench.Greeter/SayHello: a name in, a greeting out.</summary>
internal sealed class Greeter : GreeterBase
{
    public override Task<StringValue> SayHello(StringValue request, ServerCallContext context) =>
        Task.FromResult(new StringValue { Value = $"Hello, {request.Value}!" });
}

/// <summary>
/// What a compiler of .proto files would write. The messages are Protobuf's own StringValue, so that none is needed.
/// </summary>
[BindServiceMethod(typeof(GreeterBase), nameof(Bind))]
internal abstract class GreeterBase
{
    private static readonly Marshaller<StringValue> s_marshaller = Marshallers.Create(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => StringValue.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    private static readonly Method<StringValue, StringValue> s_sayHello =
        new(MethodType.Unary, "bench.Greeter", nameof(SayHello), s_marshaller, s_marshaller);

    public static void Bind(ServiceBinderBase binder, GreeterBase? service) =>
        binder.AddMethod(s_sayHello, service is null ? null! : service.SayHello);

    public abstract Task<StringValue> SayHello(StringValue request, ServerCallContext context);
}
