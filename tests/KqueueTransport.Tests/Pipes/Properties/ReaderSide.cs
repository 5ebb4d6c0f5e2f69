using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Pipes.Properties;

/// <summary>
/// The reader of one of the two duplexes. The subject's calls are given the oracle's observation: bytes that are under
/// way to it arrive later and in other pieces, so it reads on until it has as much as the oracle showed.
/// </summary>
internal sealed class ReaderSide(PipeReader reader, TimeSpan? patience)
{
    private Task<ReadResult>? _pending;
    private Action _cancelToken = () => { };
    private ReadResult _current;
    private long _consumed;
    private long _examined;
    private int _minimum;

    public bool IsPending => _pending is not null;

    public bool HasCompletedPending => _pending is { IsCompleted: true };

    public bool IsReading { get; private set; }

    /// <summary>How much of the stream reads have shown so far.</summary>
    public long Seen { get; private set; }

    /// <summary>How much of the stream the pending read wants to show at least.</summary>
    public long Wanted => _consumed + _minimum;

    /// <summary>Whether bytes are here that were examined and not consumed.</summary>
    public bool HasExamined => _examined > _consumed;

    /// <summary>Whether a read pends that a single byte might not end.</summary>
    public bool IsWaitingForMore => IsPending && _minimum > 0;

    public Task<Observation> ReadAsync(Observation? expected) =>
        BeginAsync(0, token => reader.ReadAsync(token), expected);

    public Task<Observation> ReadAtLeastAsync(int minimum, Observation? expected) =>
        BeginAsync(minimum, token => reader.ReadAtLeastAsync(minimum, token), expected);

    public Task<Observation> ReadWithCancelledTokenAsync(Observation? expected) => Observation.OfAsync(
        async () => await TakeAsync(await reader.ReadAsync(new CancellationToken(true)).Soon(patience), expected));

    public Task<Observation> ReadAtLeastWithCancelledTokenAsync(int minimum, Observation? expected) =>
        Observation.OfAsync(async () => await TakeAsync(
            await reader.ReadAtLeastAsync(minimum, new CancellationToken(true)).Soon(patience), expected));

    public Task<Observation> TryReadAsync(Observation? expected) => Observation.OfAsync(async () =>
    {
        var found = reader.TryRead(out var read);
        if (!found && expected is { What: nameof(ReadResult) or nameof(ConnectionResetException) })
        {
            await Waiting.UntilAsync(() => reader.TryRead(out read), patience);
            found = true;
        }
        return found ? await TakeAsync(read, expected) : new Observation("nothing");
    });

    /// <summary>What the pending read came to, once something has happened that ends it.</summary>
    public Task<Observation> EndPendingAsync(Observation? expected) => Observation.OfAsync(async () =>
    {
        var pending = _pending!;
        _pending = null;
        return await TakeAsync(await pending.Soon(patience), expected);
    });

    public void AdvanceTo(int consumedPercent, int examinedPercent)
    {
        var buffer = _current.Buffer;
        var consumed = buffer.Length * consumedPercent / 100;
        var examined = consumed + ((buffer.Length - consumed) * examinedPercent / 100);
        _examined = Math.Max(_examined, _consumed + examined);
        _consumed += consumed;
        IsReading = false;
        reader.AdvanceTo(buffer.GetPosition(consumed), buffer.GetPosition(examined));
    }

    /// <summary>Examines all of the stream that is delivered, also what is still under way.</summary>
    public async Task ExamineAllAsync(long delivered)
    {
        reader.CancelPendingRead();
        var read = await reader.ReadAsync().Soon(patience);
        reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        while (_consumed + read.Buffer.Length < delivered)
        {
            read = await reader.ReadAsync().Soon(patience);
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        Seen = delivered;
        _examined = delivered;
    }

    public void CancelPendingRead() => reader.CancelPendingRead();

    public void CancelToken() => _cancelToken();

    public void Complete(Exception? error)
    {
        IsReading = false;
        reader.Complete(error);
    }

    private Task<Observation> BeginAsync(
        int minimum, Func<CancellationToken, ValueTask<ReadResult>> readAsync, Observation? expected) =>
        Observation.OfAsync(async () =>
        {
            var source = new CancellationTokenSource();
            _cancelToken = source.Cancel;
            _minimum = minimum;
            var read = readAsync(source.Token);
            if (!read.IsCompleted && expected is null or { What: Observation.Pends })
            {
                IsReading = false;
                _pending = read.AsTask();
                return new Observation(Observation.Pends);
            }
            return await TakeAsync(await read.Soon(patience), expected);
        });

    private async Task<Observation> TakeAsync(ReadResult read, Observation? expected)
    {
        var deadline = new Waiting.Deadline(patience);
        while (expected is not null && IsLess(read, expected))
        {
            deadline.Check($"a read shows {read.Buffer.Length} bytes instead of {expected.Bytes}");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await reader.ReadAsync().Soon(patience);
        }
        _current = read;

        // What a cancelled read happens to hold depends on timing, so it is left as one that need not be ended.
        IsReading = !read.IsCanceled;
        Seen = _consumed + read.Buffer.Length;
        Payload.Check(read.Buffer, _consumed);
        return read.IsCanceled
            ? new Observation(nameof(ReadResult), IsCanceled: true)
            : new Observation(nameof(ReadResult), read.Buffer.Length, IsCompleted: read.IsCompleted);
    }

    // The error that ends a stream comes before the bytes that are still to be read, once it has arrived.
    private static bool IsLess(ReadResult read, Observation expected) =>
        expected.What == nameof(ConnectionResetException) ||
        (!read.IsCanceled &&
            (read.Buffer.Length < expected.Bytes || (expected.IsCompleted && !read.IsCompleted)));
}
