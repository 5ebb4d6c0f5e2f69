using System.Net;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using Kqueue.EventLoops.Work;
using KqueueTransport.Diagnostics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Placement;

/// <summary>
/// Where the handlers of an endpoint's connections run: by what the last ones of the connection did or, while it is
/// new, by whether too many of the endpoint block. A connection keeps its state, which is 0 at first. From any thread.
/// </summary>
/// <remarks>
/// <code>
/// connection  | quick         | blocked   | computed    | set aside | runs
/// New(n)      | New(n-1)      | Blocks(8) | Computes(8) | as before | on the loop; given away while Away
/// Known       | Known         | Blocks(8) | Computes(8) | as before | on the loop
/// Blocks(n)   | Blocks(n-1)   | Blocks(8) | Computes(8) | as before | given away
/// Computes(n) | Computes(n-1) | Blocks(8) | Computes(8) | as before | on the thread pool
///
/// endpoint | more than 64 have blocked on loops within a second | none has blocked anywhere for a second
/// Here     | Away                                               | Here
/// Away     | Away                                               | Here
/// </code>
/// A connection begins as New(8), and with n = 0 it is Known. Where no loop can be taken over, all run on the thread
/// pool. Two handlers of a connection may be told of at a time, and one of the two is forgotten then, which is no harm.
/// </remarks>
internal sealed class HandlerPlacement(
    Scheduling mode, EndPoint endPoint, EventLoopGroup group, ILogger logger, TimeProvider? clock = null)
{
    // Quick handlers after which one that has blocked, or computed, is back on the loop: at one block among more than
    // these, its loop is held up for two to four milliseconds each time, and below, never.
    private const byte QuickNeeded = 8;

    // Each with the number of quick handlers since.
    private const byte Known = QuickNeeded;
    private const byte Blocks = Known + QuickNeeded;
    private const byte Computes = Blocks + QuickNeeded;

    // Blocks that are too many within the time below. Each holds a loop up for one or two periods of the watch, so this
    // many cost one loop a tenth to a quarter of its time.
    private const int BlocksMax = 64;

    private static readonly TimeSpan s_absence = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Lock _gate = new();

    // Written under _gate. Timestamps of the clock.
    private bool _isAway;
    private long _blockedLast;
    private long _windowStart;
    private int _blocks;
    private Episode _warnings;

    public Scheduling Mode => mode;

    /// <summary>What is listened on, or stands for it.</summary>
    public EndPoint EndPoint => endPoint;

    /// <summary>Whether handlers run on the loops, as a rule, at the moment.</summary>
    public bool RunsInline => Next(default) is Place.Loop;

    // The clock is asked only while it is away.
    private bool IsAway => Volatile.Read(ref _isAway) && !IsBack();

    /// <summary>Where the next handler of a connection runs.</summary>
    public Place Next(byte state) => mode switch
    {
        Scheduling.Inline => Place.Loop,
        Scheduling.ThreadPool => Place.Pool,
        _ when !group.CanLeaveBehind || state >= Computes => Place.Pool,
        _ when state >= Blocks || (state < Known && IsAway) => Place.GivenAway,
        _ => Place.Loop,
    };

    /// <summary>
    /// A handler of a connection has run; or it begins on the loop, where none begins before the last is back, and
    /// passes for quick until its stay tells something else.
    /// </summary>
    public void OnRan(ref byte state, HandlerStay stay, bool onLoop)
    {
        var before = state;
        var after = stay switch
        {
            HandlerStay.Blocked => Blocks,
            HandlerStay.Computed => Computes,
            HandlerStay.Quick when before is Known || (before + 1) % QuickNeeded == 0 => Known,
            HandlerStay.Quick => (byte)(before + 1),
            _ => before,
        };
        if (after != before)
        {
            Volatile.Write(ref state, after);
        }

        if (stay is HandlerStay.Blocked)
        {
            OnBlocked(onLoop);
        }
    }

    private void OnBlocked(bool onLoop)
    {
        lock (_gate)
        {
            var now = _clock.GetTimestamp();
            Volatile.Write(ref _blockedLast, now);
            if (onLoop && !IsAway && IsTooOften(now))
            {
                Volatile.Write(ref _isAway, true);
                if (_warnings.Begins(_clock))
                {
                    // A logger that waits for its console keeps the connection's next request waiting otherwise.
                    PoolWork.Queue(
                        static it => TransportLog.HandlersBlock(it.Logger, it.EndPoint), (Logger: logger, EndPoint));
                }
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
}
