using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Connections.Output;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Closing;

/// <summary>
/// The connections of one loop that have sent their FIN and wait for their peers' before the descriptor closes. What
/// still comes in is received and dropped. From any thread.
/// </summary>
/// <remarks>
/// A descriptor that is closed with bytes unread, or that is sent bytes afterwards, answers with RST, and an RST makes
/// the peer's kernel drop what the peer has not read yet: the end of the response, or an early refusal of an upload
/// (RFC 9112, section 9.6). The wait is bounded in time, in bytes and in number, so that no peer can keep descriptors:
/// where too many wait the oldest closes, whose peer has had the longest time to read.
/// </remarks>
internal sealed class LingeringCloses
{
    private readonly EventLoop _loop;
    private readonly SocketCalls _calls;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _timeout;
    private readonly long _bytesMax;
    private readonly int _countMax;
    private readonly Lock _gate = new();

    // Everything below is under _gate. In the order of their starts, and so of their ends.
    private readonly LinkedList<Close> _closes = [];
    private byte[]? _dropped;
    private LoopTimer? _timer;
    private bool _isEnded;

    private LingeringCloses(
        EventLoop loop, SocketCalls calls, KqueueTransportOptions options, TimeProvider clock, int countMax)
    {
        _loop = loop;
        _calls = calls;
        _clock = clock;
        _timeout = options.LingerTimeout;
        _bytesMax = EndPointContext.LimitOf(options.MaxLingerSize);
        _countMax = countMax;
    }

    /// <summary>When the one that has waited longest began to; <see cref="long.MaxValue"/> where none waits.</summary>
    public long OldestStart
    {
        get
        {
            lock (_gate)
            {
                return _closes.First?.Value.Started ?? long.MaxValue;
            }
        }
    }

    /// <summary>For one loop; null where the options let none wait.</summary>
    public static LingeringCloses? TryMake(
        EventLoop loop, SocketCalls calls, KqueueTransportOptions options, TimeProvider clock)
    {
        var countMax = Math.Min(options.LingerConnectionsMax, calls.DescriptorShare);
        return options.LingerTimeout == TimeSpan.Zero || countMax == 0
            ? null
            : new LingeringCloses(loop, calls, options, clock, 1 + ((countMax - 1) / options.LoopCount));
    }

    /// <summary>
    /// Takes the descriptor over, or declines because the loop ends. It hears of events by <see cref="Close.Drain"/>
    /// from then on.
    /// </summary>
    public Close? TryAdd(Registration registration)
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return null;
            }

            if (_closes.Count >= _countMax)
            {
                End(_closes.First!.Value);
            }

            var close = new Close(this, registration);
            close.Node = _closes.AddLast(close);
            SetTimer(_timeout);
            return close;
        }
    }

    /// <summary>Closes the one that has waited longest; false where none waits.</summary>
    public bool TryEndOldest()
    {
        lock (_gate)
        {
            if (_closes.First is not { } oldest)
            {
                return false;
            }

            End(oldest.Value);
            return true;
        }
    }

    /// <summary>Closes all that wait, and from now on declines: the loop ends.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            _timer?.Dispose();
            while (TryEndOldest())
            {
            }
        }
    }

    private void Drain(Close close)
    {
        lock (_gate)
        {
            _dropped ??= GC.AllocateUninitializedArray<byte>(OutputBuffer.BlockBytesMax);
            for (var left = Connection.BytesInARowMax; left > 0; left -= OutputBuffer.BlockBytesMax)
            {
                if (close.Node is null)
                {
                    return;
                }

                var result = _calls.Receive((int)close.Registration.Ident, _dropped);
                if (result.IsWouldBlock)
                {
                    return;
                }

                if (result.IsError || result.Value == 0 || (close.BytesLeft -= result.Value) <= 0)
                {
                    End(close);
                }
            }

            // Arming again makes an event of what is there, and it comes behind those of the others. Where that fails,
            // the loop has ended, or the time closes the descriptor.
            if (close.Node is not null)
            {
                _ = close.Registration.Arm(KEventFilter.Read, KEventFlags.Clear);
            }
        }
    }

    private void End(Close close)
    {
        _closes.Remove(close.Node!);
        close.Node = null;
        close.Registration.Dispose();
        _calls.Close((int)close.Registration.Ident);
    }

    private void SetTimer(TimeSpan dueTime) =>
        _timer ??= _loop.Schedule(dueTime, static state => ((LingeringCloses)state!).EndOverdue(), this);

    private void EndOverdue()
    {
        lock (_gate)
        {
            _timer = null;
            while (_closes.First is { Value: var first })
            {
                var left = _timeout - _clock.GetElapsedTime(first.Started);
                if (left > TimeSpan.Zero)
                {
                    SetTimer(left);
                    return;
                }

                End(first);
            }
        }
    }

    /// <summary>A descriptor that waits for the peer's FIN.</summary>
    internal sealed class Close(LingeringCloses owner, Registration registration)
    {
        public Registration Registration => registration;

        public long Started { get; } = owner._clock.GetTimestamp();

        /// <summary>How many more bytes are received and dropped. Under the owner's gate.</summary>
        public long BytesLeft { get; set; } = owner._bytesMax;

        /// <summary>Null once the descriptor is closed. Under the owner's gate.</summary>
        public LinkedListNode<Close>? Node { get; set; }

        /// <summary>
        /// Receives what the kernel has, or may have, and closes at the peer's end, at its reset or at the limit.
        /// </summary>
        public void Drain() => owner.Drain(this);
    }
}
