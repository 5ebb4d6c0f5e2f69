using System.Buffers;
using System.IO.Pipelines;

namespace WebApp.RawTcp;

/// <summary>Sends back what it receives.</summary>
internal sealed class EchoHandler : RawTcpHandler
{
    protected override bool Serve(ref ReadOnlySequence<byte> received, PipeWriter output)
    {
        foreach (var segment in received)
        {
            output.Write(segment.Span);
        }

        received = received.Slice(received.End);
        return true;
    }
}
