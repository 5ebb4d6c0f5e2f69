using System.Net;
using Kqueue.EventLoops;
using KqueueTransport.Diagnostics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Placement;

/// <summary>
/// Where the handlers of one listener's connections run that nothing is known of: on the loop, or, while too many
/// handlers block that began there, away from it.
/// </summary>
internal sealed class ListenerPlacement(
    Scheduling mode, EndPoint endPoint, EventLoopGroup group, ILogger logger, TimeProvider? clock = null)
{
    // Blocks that are too many within the time below. Each holds a loop up for one or two periods of the watch, so this
    // many cost one loop a tenth to a quarter of its time.
    private const int BlocksMax = 64;

    // Without one more that blocks, those that nothing is known of are back on the loops after so long.
    private static readonly TimeSpan s_absence = TimeSpan.FromSeconds(1);

    // A listener that blocks says so once in this time.
    private static readonly TimeSpan s_warningInterval = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Lock _gate = new();

    // Timestamps of the clock; 0 is none. Written under _gate.
    private long _blockedLast;
    private bool _isAway;
    private long _windowStart;
    private int _blocks;
    private long _warnedAt;

    /// <summary>What the listener is bound to.</summary>
    public EndPoint EndPoint => endPoint;

    public Scheduling Mode => mode;

    /// <summary>Whether the application ever runs on the loop.</summary>
    public bool UsesLoops => mode is not Scheduling.ThreadPool;

    /// <summary>Whether a handler may block on a loop's thread: there is another one for the loop.</summary>
    public bool CanBlock => group.CanLeaveBehind;

    /// <summary>Whether those that nothing is known of keep off the loops. The clock is asked only then.</summary>
    public bool IsAway => Volatile.Read(ref _isAway) && !IsBack();

    /// <summary>Whether handlers run on the loops, as a rule, at the moment.</summary>
    public bool RunsInline => mode is Scheduling.Inline || (mode is Scheduling.Adaptive && CanBlock && !IsAway);

    private ILogger Logger => logger;

    /// <summary>A handler has blocked.</summary>
    /// <param name="wasOnLoop">Whether a loop had to be taken from it.</param>
    public void OnBlocked(bool wasOnLoop)
    {
        lock (_gate)
        {
            var now = _clock.GetTimestamp();
            Volatile.Write(ref _blockedLast, now);
            if (wasOnLoop && !IsAway && IsTooOften(now))
            {
                Volatile.Write(ref _isAway, true);
                Warn(now);
            }
        }
    }

    private bool IsBack()
    {
        if (_clock.GetElapsedTime(Volatile.Read(ref _blockedLast)) < s_absence)
        {
            return false;
        }

        Volatile.Write(ref _isAway, false);
        return true;
    }

    private bool IsTooOften(long now)
    {
        if (_clock.GetElapsedTime(_windowStart, now) > s_absence)
        {
            _windowStart = now;
            _blocks = 0;
        }

        return ++_blocks > BlocksMax;
    }

    private void Warn(long now)
    {
        if (_warnedAt == 0 || _clock.GetElapsedTime(_warnedAt, now) > s_warningInterval)
        {
            _warnedAt = now;

            // A logger that waits for its console keeps the connection's next request waiting otherwise.
            ThreadPool.UnsafeQueueUserWorkItem(
                static self => TransportLog.HandlersBlock(self.Logger, self.EndPoint), this, preferLocal: false);
        }
    }
}
