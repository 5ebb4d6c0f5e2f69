using System.IO.Pipelines;

namespace KqueueTransport.Tests.Pipes.Properties;

/// <summary>The writer of one of the two duplexes.</summary>
internal sealed class WriterSide(PipeWriter writer, TimeSpan? patience)
{
    public Task<Observation> WriteAsync(int count, long offset) => Observation.OfAsync(() =>
    {
        Payload.Fill(writer.GetSpan(count)[..count], offset);
        writer.Advance(count);
        return Task.FromResult(new Observation("advanced", writer.UnflushedBytes));
    });

    public Task<Observation> WriteAndFlushAsync(int count, long offset, CancellationToken token) =>
        FlushedAsync(() => writer.WriteAsync(Payload.Create(count, offset), token));

    public Task<Observation> FlushAsync(CancellationToken token) => FlushedAsync(() => writer.FlushAsync(token));

    public void CancelPendingFlush() => writer.CancelPendingFlush();

    public void Complete(Exception? error = null) => writer.Complete(error);

    private async Task<Observation> FlushedAsync(Func<ValueTask<FlushResult>> flush)
    {
        var observation = await Observation.OfAsync(async () =>
        {
            var result = await flush().Soon(patience);
            return new Observation(
                nameof(FlushResult), IsCanceled: result.IsCanceled, IsCompleted: result.IsCompleted);
        });
        return observation with { Bytes = writer.UnflushedBytes };
    }
}
