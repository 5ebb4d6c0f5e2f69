using System.Buffers;
using System.IO.Pipelines;
using Kqueue.EventLoops.Driving;
using KqueueTransport.Simulation.Actors;
using KqueueTransport.Simulation.Kernel;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Simulation.Conversations;

/// <summary>
/// The application of one connection: it reads and writes as the plan says, on whatever thread the transport calls it,
/// stalls there, and looks at every byte.
/// </summary>
internal sealed class Conversation(
    ConnectionContext connection, SimulatedConnection wire, Plan plan, Process process, bool isOutbound)
{
    private readonly Random _random = process.Random;
    private readonly Scheduler _scheduler = process.Scheduler;
    private readonly PipeReader _input = connection.Transport.Input;
    private readonly PipeWriter _output = connection.Transport.Output;
    private CancellationTokenSource _readCancellation = new();
    private CancellationTokenSource _flushCancellation = new();
    private long _read;
    private long _written;
    private int _flowsLeft = 1;
    private bool _isStopped;
    private readonly TaskCompletionSource _closed = new();
    private int _closedCalls;
    private Task _disposal = Task.CompletedTask;

    public Plan Plan => plan;

    private bool ReadsAll => plan.Style is not (Style.Download or Style.WaitForEnd);

    /// <summary>Whether the flows of the application have come to their end and the transport has, too.</summary>
    public bool HasEnded => _flowsLeft == 0 && _disposal.IsCompleted && (!isOutbound || wire.IsClosed);

    public Exception? Error { get; private set; }

    public string State =>
        $"conversation {plan.Id} ({plan.Style}, {plan.PeerEnd}, {plan.ApplicationEnd}): read {_read} of " +
        $"{plan.ToServer}, written {_written} of {plan.ToPeer}, {_flowsLeft} flows left, " +
        $"disposal {_disposal.Status}, {Error?.Message ?? "no error"}";

    /// <summary>Starts it, as the server does, on the thread pool.</summary>
    public void Start()
    {
        connection.ConnectionClosed.Register(OnClosed);
        for (var i = 0; i < plan.Disturbances; i++)
        {
            process.Queue(Disturb);
        }

        if (plan.Style == Style.BothWays)
        {
            _flowsLeft = 2;
            process.Queue(() => _ = RunAsync(WriteAllAsync));
        }

        _ = RunAsync(plan.Style switch
        {
            Style.Echo => EchoAsync,
            Style.Download => WriteAllAsync,
            Style.Upload => UploadAsync,
            Style.WaitForEnd when !process.HalfCloses => () => _closed.Task,
            _ => ReadAllAsync,
        });
    }

    /// <summary>The server stops.</summary>
    public void Stop()
    {
        _isStopped = true;
        connection.Abort(new ConnectionAbortedException("The server stops."));
    }

    private void OnClosed()
    {
        _scheduler.Yield();
        // Whoever disposes of an outbound connection waits for nobody.
        if (++_closedCalls > 1 || (_disposal.IsCompleted && _flowsLeft == 0 && !isOutbound))
        {
            _scheduler.Fail($"ConnectionClosed came {_closedCalls} times, or after the end: {State}.");
        }

        _closed.TrySetResult();
    }

    private async Task RunAsync(Func<Task> flow)
    {
        try
        {
            await flow();
        }
        catch (Exception exception)
        {
            Error ??= exception;
        }

        Pause();
        if (--_flowsLeft == 0)
        {
            End();
        }
    }

    private void End()
    {
        // Two flows must not have come here: the count says so.
        _flowsLeft = 1;
        switch (plan.ApplicationEnd)
        {
            case ApplicationEnd.Complete:
                CompleteBoth(error: null);
                break;
            case ApplicationEnd.CompleteWithError:
                CompleteBoth(new InvalidOperationException("The application fails."));
                break;
            case ApplicationEnd.Abort:
                connection.Abort(new ConnectionAbortedException("The application aborts."));
                Pause();
                CompleteBoth(error: null);
                break;
            default:
                break;
        }

        Pause();
        _disposal = connection.DisposeAsync().AsTask();
        _flowsLeft = 0;
    }

    private void CompleteBoth(Exception? error)
    {
        if (_random.Next(2) == 0)
        {
            _input.Complete();
            Pause();
            _output.Complete(error);
        }
        else
        {
            _output.Complete(error);
            Pause();
            _input.Complete();
        }
    }

    private async Task UploadAsync()
    {
        await ReadAllAsync();
        await WriteAllAsync();
    }

    private Task EchoAsync() => ReadAsync(buffer => WriteAsync(buffer));

    private Task ReadAllAsync() => ReadAsync(_ => Task.FromResult(true));

    private async Task ReadAsync(Func<ReadOnlySequence<byte>, Task<bool>> use)
    {
        var unconsumed = 0L;
        while (plan.PeerEnd != PeerEnd.FinAfterEnd || _read < plan.ToServer)
        {
            Pause();
            if (await TryReadAsync() is not { } result)
            {
                continue;
            }

            Check(result, unconsumed);
            var consumed = result.Buffer.Slice(0, HowMuch(result));
            if (!await use(consumed))
            {
                return;
            }

            _read += consumed.Length;
            unconsumed = result.Buffer.Length - consumed.Length;
            _input.AdvanceTo(consumed.End, result.Buffer.End);
            if (result.IsCompleted && unconsumed == 0)
            {
                return;
            }
        }
    }

    private async Task<ReadResult?> TryReadAsync()
    {
        try
        {
            if (_random.Next(8) == 0 && _input.TryRead(out var there))
            {
                return there;
            }

            return await _input.ReadAsync(_readCancellation.Token);
        }
        catch (OperationCanceledException) when (_readCancellation.IsCancellationRequested)
        {
            _readCancellation = new CancellationTokenSource();
            return null;
        }
    }

    // Examined is always all of it, so a read that consumed little waits for more.
    private long HowMuch(ReadResult result) =>
        result.IsCompleted || plan.PeerAwaitsEcho || _random.Next(4) > 0 ? result.Buffer.Length
        : _read + result.Buffer.Length >= plan.ToServer ? result.Buffer.Length
        : _random.NextInt64(result.Buffer.Length + 1);

    private void Check(ReadResult result, long unconsumed)
    {
        var position = _read;
        foreach (var block in result.Buffer)
        {
            if (Pattern.FirstDifference(block.Span, plan.Id, position) is { } difference)
            {
                _scheduler.Fail($"Wrong byte at {difference}: {State}.");
            }

            position += block.Length;
        }

        if (position > plan.ToServer || result.Buffer.Length < unconsumed)
        {
            _scheduler.Fail($"{result.Buffer.Length} bytes after {unconsumed} were left: {State}.");
        }

        if (result.IsCompleted && (!wire.IsFinDelivered || position != wire.PeerSent))
        {
            _scheduler.Fail($"The input ends at {position}, and the peer has not ended there: {State}.");
        }

        if (result.Buffer.Length == unconsumed && !result.IsCompleted && !result.IsCanceled)
        {
            _scheduler.Fail($"A read brought nothing new: {State}.");
        }
    }

    private async Task WriteAllAsync()
    {
        while (_written < plan.ToPeer)
        {
            if (_random.Next(8) == 0)
            {
                if (!await WriteOwnMemoryAsync())
                {
                    return;
                }

                continue;
            }

            var count = (int)Math.Min(_random.NextInt64(1, plan.WriteMax + 1), plan.ToPeer - _written);
            var memory = _output.GetMemory(_random.Next(3) == 0 ? count : 0);
            count = Math.Min(count, memory.Length);
            Pattern.Fill(memory.Span[..count], plan.Id, _written);
            _output.Advance(count);
            _written += count;
            if (_random.Next(3) > 0 && !await FlushAsync())
            {
                return;
            }
        }

        await FlushAsync();
    }

    // Memory that is the application's own again when the write ends, whatever its outcome: it spoils it then.
    private async Task<bool> WriteOwnMemoryAsync()
    {
        var memory = new byte[Math.Min(_random.NextInt64(1, (8 * plan.WriteMax) + 1), plan.ToPeer - _written)];
        Pattern.Fill(memory, plan.Id, _written);
        _written += memory.Length;
        Pause();
        if (_flushCancellation.IsCancellationRequested)
        {
            _flushCancellation = new CancellationTokenSource();
        }

        try
        {
            return !(await _output.WriteAsync(memory, _flushCancellation.Token)).IsCompleted;
        }
        catch (OperationCanceledException) when (_flushCancellation.IsCancellationRequested)
        {
            return true;
        }
        finally
        {
            memory.AsSpan().Fill(0xEE);
        }
    }

    private async Task<bool> WriteAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (var block in bytes)
        {
            _output.Write(block.Span);
            _written += block.Length;
            if (_random.Next(3) == 0 && !await FlushAsync())
            {
                return false;
            }
        }

        return await FlushAsync();
    }

    /// <summary>False when the connection takes nothing any more.</summary>
    private async Task<bool> FlushAsync()
    {
        Pause();
        while (true)
        {
            try
            {
                var result = await _output.FlushAsync(_flushCancellation.Token);
                BlockUntilSent();
                return !result.IsCompleted;
            }
            catch (OperationCanceledException) when (_flushCancellation.IsCancellationRequested)
            {
                _flushCancellation = new CancellationTokenSource();
            }
        }
    }

    // A handler may wait, on its thread, for what only its own flush can bring about.
    private void BlockUntilSent()
    {
        if (process.HandsOver && LoopDriver.Current is not null && _random.Next(16) == 0)
        {
            var flushed = _written;
            _scheduler.WaitUntil(() => wire.Sent >= flushed || wire.IsClosed || wire.HasSentFin);
        }
    }

    private void Disturb()
    {
        _scheduler.Stall(_random.Next(400));
        if (_flowsLeft == 0)
        {
            return;
        }

        // A cancelled token's callback is waited for by whoever ends the operation, so nobody may run meanwhile.
        switch (_random.Next(plan.IsPeaceful ? 4 : 5))
        {
            case 0:
                _input.CancelPendingRead();
                break;
            case 1:
                _output.CancelPendingFlush();
                break;
            case 2:
                Scheduler.Undisturbed(_readCancellation.Cancel);
                break;
            case 3:
                Scheduler.Undisturbed(_flushCancellation.Cancel);
                break;
            default:
                connection.Abort(new ConnectionAbortedException("Somebody aborts."));
                break;
        }
    }

    private void Pause()
    {
        if (process.Faults.Strikes(Fault.Stall))
        {
            _scheduler.Stall(_random.Next(200));
        }
        else if (_random.Next(2) == 0)
        {
            _scheduler.Yield();
        }
    }

    /// <summary>What is wrong in the end with a conversation that nothing should have disturbed.</summary>
    public string? Complaint()
    {
        if (!HasEnded)
        {
            return $"It has not ended: {State}.";
        }

        // Without lingering, which ends where descriptors are short, input that nobody reads costs the peer what it has
        // not taken (RFC 9112, section 9.6).
        var waitsForThePeer = !isOutbound && process.Lingers && !process.Kernel.HasShortage;
        if (!plan.IsPeaceful || wire.IsBroken || _isStopped || (!ReadsAll && !waitsForThePeer))
        {
            return null;
        }

        var isWhole = Error is null && wire.Taken == plan.ToPeer && !wire.HasSentReset &&
            (!ReadsAll || _read == plan.ToServer);
        return isWhole ? null : $"The peer took {wire.Taken} bytes, reset: {wire.HasSentReset}; {State}.";
    }
}
