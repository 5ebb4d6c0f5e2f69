using System.IO.Pipelines;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Properties;

/// <summary>Takes the same steps on an oracle and on a subject, and fails where they show different things.</summary>
internal sealed class Lockstep(Duplex oracle, Duplex subject, TimeSpan? patience)
{
    // Far enough below the limits that neither a delivery nor a flush ever waits for the other end.
    private const int UnreadBytesMax = DuplexOptions.DefaultMaxReadBufferSize / 2;
    private const int UntakenBytesMax = DuplexOptions.DefaultMaxWriteBufferSize - 8192;

    private readonly (ReaderSide Oracle, ReaderSide Subject) _reader =
        (new(oracle.Input, patience), new(subject.Input, patience));

    private readonly (WriterSide Oracle, WriterSide Subject) _writer =
        (new(oracle.Output, patience), new(subject.Output, patience));

    private readonly List<string> _trace = [];

    private long _delivered;
    private long _written;
    private long _flushed;
    private long _taken;
    private bool _isCancelUnseen;
    private bool _isFinished;
    private bool _isWriterCompleted;

    /// <summary>Every step so far, and what it showed.</summary>
    public string Trace => string.Join(Environment.NewLine, _trace);

    // The end of the output ends a connection as a whole, which two pipes know nothing of.
    private bool IsInputOver => _isWriterCompleted;

    // A read that throws because another is in progress takes the cancellation with it in a Pipe: nothing to imitate.
    private bool MayRead => !IsInputOver && !(_reader.Oracle.IsReading && _isCancelUnseen);

    public async Task StepAsync(Step step)
    {
        _trace.Add(step.ToString());
        Assert.False(_reader.Subject.HasCompletedPending, "The subject's read completed without a cause.");
        await step.RunAsync(this);
    }

    public async Task DeliverAsync(int count)
    {
        if (IsInputOver || _isFinished || _delivered + count > UnreadBytesMax)
        {
            return;
        }
        await oracle.Peer.SendAsync(Payload.Create(count, _delivered)).Soon(patience);
        await subject.Peer.SendAsync(Payload.Create(count, _delivered)).Soon(patience);
        _delivered += count;
        await EndPendingReadAsync();
    }

    public async Task FinishAsync()
    {
        if (IsInputOver || _isFinished)
        {
            return;
        }
        _isFinished = true;
        oracle.Peer.Finish();
        subject.Peer.Finish();
        await EndPendingReadAsync();
    }

    public async Task TakeAsync(int count)
    {
        count = (int)Math.Min(count, _flushed - _taken);
        Payload.Check(await oracle.Peer.ReceiveExactlyAsync(count).Soon(patience), _taken);
        Payload.Check(await subject.Peer.ReceiveExactlyAsync(count).Soon(patience), _taken);
        _taken += count;
    }

    public async Task ReadAsync()
    {
        if (MayRead && !_reader.Oracle.IsPending)
        {
            await CompareAsync(_reader.Oracle.ReadAsync(null), _reader.Subject.ReadAsync);
        }
    }

    public async Task ReadWithCancelledTokenAsync()
    {
        if (MayRead && !_reader.Oracle.IsPending)
        {
            await CompareAsync(
                _reader.Oracle.ReadWithCancelledTokenAsync(null), _reader.Subject.ReadWithCancelledTokenAsync);
        }
    }

    public async Task TryReadAsync()
    {
        if (MayRead)
        {
            await CompareAsync(_reader.Oracle.TryReadAsync(null), _reader.Subject.TryReadAsync);
        }
    }

    public void AdvanceTo(int consumedPercent, int examinedPercent)
    {
        if (_reader.Oracle.IsReading)
        {
            _reader.Oracle.AdvanceTo(consumedPercent, examinedPercent);
            _reader.Subject.AdvanceTo(consumedPercent, examinedPercent);
        }
    }

    public async Task CancelPendingReadAsync()
    {
        if (!IsInputOver)
        {
            _reader.Oracle.CancelPendingRead();
            _reader.Subject.CancelPendingRead();
            _isCancelUnseen = true;
            await EndPendingReadAsync();
        }
    }

    public async Task CancelReadTokenAsync()
    {
        if (_reader.Oracle.IsPending)
        {
            _reader.Oracle.CancelToken();
            _reader.Subject.CancelToken();
            await EndPendingReadAsync();
        }
    }

    public Task CompleteReaderAsync()
    {
        if (!_reader.Oracle.IsPending)
        {
            _reader.Oracle.Complete();
            _reader.Subject.Complete();
        }
        return Task.CompletedTask;
    }

    public async Task WriteAsync(int count)
    {
        if (_written + count - _taken <= UntakenBytesMax)
        {
            var shown = await CompareAsync(
                _writer.Oracle.WriteAsync(count, _written), _ => _writer.Subject.WriteAsync(count, _written));
            _written += shown.What == "advanced" ? count : 0;
        }
    }

    public async Task WriteAndFlushAsync(int count, CancellationToken token)
    {
        if (_written + count - _taken <= UntakenBytesMax)
        {
            var shown = await CompareAsync(
                _writer.Oracle.WriteAndFlushAsync(count, _written, token),
                _ => _writer.Subject.WriteAndFlushAsync(count, _written, token));
            _written += IsFlushed(shown) ? count : 0;
            _flushed = IsFlushed(shown) ? _written : _flushed;
        }
    }

    public async Task FlushAsync(CancellationToken token)
    {
        if (!_isWriterCompleted)
        {
            var shown = await CompareAsync(_writer.Oracle.FlushAsync(token), _ => _writer.Subject.FlushAsync(token));
            _flushed = IsFlushed(shown) ? _written : _flushed;
        }
    }

    public void CancelPendingFlush()
    {
        _writer.Oracle.CancelPendingFlush();
        _writer.Subject.CancelPendingFlush();
    }

    public async Task CompleteWriterAsync()
    {
        // A socket that is closed with unread bytes resets its peer, which may then lose what is still under way to it.
        if (_isWriterCompleted || _reader.Oracle.IsPending || _reader.Oracle.Seen < _delivered)
        {
            return;
        }
        _writer.Oracle.Complete();
        _writer.Subject.Complete();
        _isWriterCompleted = true;
        _flushed = _written;
        await TakeAsync(int.MaxValue);
        Assert.Empty(await oracle.Peer.ReceiveToEndAsync().Soon(patience));
        Assert.Empty(await subject.Peer.ReceiveToEndAsync().Soon(patience));
    }

    private static bool IsFlushed(Observation shown) => shown.What == nameof(FlushResult);

    private async Task EndPendingReadAsync()
    {
        if (_reader.Oracle.IsPending)
        {
            await CompareAsync(_reader.Oracle.EndPendingAsync(null), _reader.Subject.EndPendingAsync);
        }
    }

    private async Task<Observation> CompareAsync(
        Task<Observation> ofOracle, Func<Observation, Task<Observation>> ofSubject)
    {
        var expected = await ofOracle;
        _trace.Add($"    {expected}");
        var actual = await ofSubject(expected);
        Assert.Equal(expected, actual);
        _isCancelUnseen &= !(expected.What == nameof(ReadResult) && expected.IsCanceled);
        return expected;
    }
}
