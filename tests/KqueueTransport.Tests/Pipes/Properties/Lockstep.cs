using System.IO.Pipelines;
using System.Net.Sockets;
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
    private bool _isReset;
    private bool _isReaderFaulted;
    private bool _isWriterCompleted;

    /// <summary>Whether no send is under way when the peer resets.</summary>
    public bool TakesBeforeAReset { get; init; }

    /// <summary>Every step so far, and what it showed.</summary>
    public string Trace => string.Join(Environment.NewLine, _trace);

    // The end of the output ends a connection as a whole, which two pipes know nothing of.
    private bool IsInputOver => _isWriterCompleted;

    private bool MayDeliver => !IsInputOver && !_isFinished && !_isReset;

    // A read that throws because another is in progress takes the cancellation with it in a Pipe: nothing to imitate.
    private bool MayRead => !IsInputOver && !(_reader.Oracle.IsReading && _isCancelUnseen);

    public async Task StepAsync(Step step)
    {
        _trace.Add(step.ToString());
        Assert.False(_reader.Oracle.HasCompletedPending, "The oracle's read completed without a cause.");
        Assert.False(_reader.Subject.HasCompletedPending, "The subject's read completed without a cause.");
        await step.RunAsync(this);
    }

    public async Task DeliverAsync(int count)
    {
        // A Pipe tells its peer the error of its reader; no connection does.
        if (!MayDeliver || _isReaderFaulted || _delivered + count > UnreadBytesMax)
        {
            return;
        }
        await oracle.Peer.SendAsync(Payload.Create(count, _delivered)).Soon(patience);
        await subject.Peer.SendAsync(Payload.Create(count, _delivered)).Soon(patience);
        _delivered += count;
        if (_delivered >= _reader.Oracle.Wanted)
        {
            await EndPendingReadAsync();
        }
    }

    public async Task FinishAsync()
    {
        if (!MayDeliver)
        {
            return;
        }
        _isFinished = true;
        oracle.Peer.Finish();
        subject.Peer.Finish();
        await EndPendingReadAsync();
    }

    public async Task ResetAsync()
    {
        if (!MayDeliver)
        {
            return;
        }
        if (TakesBeforeAReset)
        {
            await TakeAsync(int.MaxValue);
        }
        AdvanceTo(0, 0);
        _isReset = true;
        oracle.Peer.Reset();
        subject.Peer.Reset();
        await EndPendingReadAsync();
    }

    public async Task TakeAsync(int count)
    {
        if (_isReset)
        {
            return;
        }
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

    public async Task ReadAtLeastAsync(int minimum)
    {
        // Bytes that were examined before do not count for a Pipe, which then waits for more than was asked for.
        if (MayRead && !_reader.Oracle.IsPending && !_reader.Oracle.HasExamined)
        {
            await CompareAsync(
                _reader.Oracle.ReadAtLeastAsync(minimum, null),
                expected => _reader.Subject.ReadAtLeastAsync(minimum, expected));
        }
    }

    public async Task ReadAtLeastWithCancelledTokenAsync(int minimum)
    {
        if (MayRead && !_reader.Oracle.IsPending)
        {
            await CompareAsync(
                _reader.Oracle.ReadAtLeastWithCancelledTokenAsync(minimum, null),
                expected => _reader.Subject.ReadAtLeastWithCancelledTokenAsync(minimum, expected));
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
        // Beside a read that waits for more bytes a Pipe lets another take those that are there: nothing to imitate.
        if (MayRead && !_reader.Oracle.IsWaitingForMore)
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
            await GiveUpPendingReadAsync();
        }
    }

    public async Task CancelReadTokenAsync()
    {
        if (_reader.Oracle.IsPending)
        {
            _reader.Oracle.CancelToken();
            _reader.Subject.CancelToken();
            await GiveUpPendingReadAsync();
        }
    }

    public void CompleteReader(Exception? error)
    {
        if (!_reader.Oracle.IsPending)
        {
            _reader.Oracle.Complete(error);
            _reader.Subject.Complete(error);
            _isReaderFaulted |= error is not null;
        }
    }

    public async Task WriteAsync(int count)
    {
        if (MayWrite(count))
        {
            var shown = await CompareAsync(
                _writer.Oracle.WriteAsync(count, _written), _ => _writer.Subject.WriteAsync(count, _written));
            _written += shown.What == "advanced" ? count : 0;
        }
    }

    public async Task WriteAndFlushAsync(int count, CancellationToken token)
    {
        if (MayWrite(count))
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
        if (!_isWriterCompleted && !_isReset)
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
        if (_isWriterCompleted || _isReset || _reader.Oracle.IsPending || _reader.Oracle.Seen < _delivered)
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

    public async Task CompleteWriterWithErrorAsync(Exception error)
    {
        if (_isWriterCompleted || _isReset || _reader.Oracle.IsPending)
        {
            return;
        }
        _writer.Oracle.Complete(error);
        _writer.Subject.Complete(error);
        _isWriterCompleted = true;
        await AssertFailsAsync(oracle.Peer);
        await AssertFailsAsync(subject.Peer);
        _flushed = _taken;
    }

    private async Task AssertFailsAsync(Peer peer)
    {
        var error = await Record.ExceptionAsync(() => peer.ReceiveToEndAsync().Soon(patience));
        var end = error?.ToString() ?? "FIN";
        Assert.True(error is IOException or SocketException, $"the peer's stream ends with {end}");
    }

    // A connection learns of the reset in its own time, and drops what is written from then on.
    private bool MayWrite(int count) => !_isReset && _written + count - _taken <= UntakenBytesMax;

    private static bool IsFlushed(Observation shown) => shown.What == nameof(FlushResult);

    private async Task EndPendingReadAsync()
    {
        if (_reader.Oracle.IsPending)
        {
            await CompareAsync(_reader.Oracle.EndPendingAsync(null), _reader.Subject.EndPendingAsync);
        }
    }

    /// <summary>What happens when the pending read is cancelled.</summary>
    private async Task GiveUpPendingReadAsync()
    {
        var wasWaitingForMore = _reader.Oracle.IsWaitingForMore;
        await EndPendingReadAsync();
        if (wasWaitingForMore)
        {
            // A Pipe shows the bytes that were too few to TryRead, and to ReadAsync with the next ones: neither.
            await _reader.Oracle.ExamineAllAsync(_delivered);
            await _reader.Subject.ExamineAllAsync(_delivered);
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
