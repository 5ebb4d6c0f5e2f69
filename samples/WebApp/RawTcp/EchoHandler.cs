using System.Buffers;
using System.IO.Pipelines;

namespace WebApp.RawTcp;

/// <summary>Sends back what it receives.</summary>
internal sealed class EchoHandler : RawTcpHandler
{
    protected override async Task ServeAsync(PipeReader input, PipeWriter output)
    {
        while (true)
        {
            var read = await input.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                output.Write(segment.Span);
            }

            input.AdvanceTo(read.Buffer.End);
            var flush = await output.FlushAsync();
            if (read.IsCompleted || read.IsCanceled || flush.IsCompleted)
            {
                return;
            }
        }
    }
}
