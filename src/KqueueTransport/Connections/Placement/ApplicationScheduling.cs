using System.Net;
using Kqueue.EventLoops;
using KqueueTransport.Diagnostics;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Placement;

/// <summary>
/// Where the application of one listener's connections runs: on the loop, or elsewhere. In the adaptive mode it leaves
/// the loop for a while when its handlers block too often, or hold too many threads, and then tries again.
/// </summary>
/// <remarks>
/// On a loop it runs only while every loop could be taken over: so no loop ever has to stay with a handler. The first
/// listeners that are seen to block beyond that leave, and the others come back with the first thread that does.
/// </remarks>
internal sealed class ApplicationScheduling(
    Scheduling mode, EndPoint endPoint, EventLoopGroup group, ILogger logger, TimeProvider? clock = null)
{
    // Hand-overs of one second that are too many. Each holds a loop up for one or two periods of the watch, so this
    // many cost one loop a tenth of its time.
    private const int HandOversPerSecondMax = 64;

    private static readonly TimeSpan s_firstAbsence = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestAbsence = TimeSpan.FromSeconds(4);

    // Where there are no threads to return with, it is tried again after so long.
    private static readonly TimeSpan s_extension = TimeSpan.FromMilliseconds(100);

    // A listener that blocks says so once in this time.
    private static readonly TimeSpan s_warningInterval = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Lock _gate = new();

    private volatile bool _runsInline = mode is not Scheduling.ThreadPool;

    // Under _gate.
    private long _windowStart;
    private int _handOvers;
    private TimeSpan _absence = s_firstAbsence;
    private long _returnedAt;
    private long _warnedAt;

    /// <summary>What the listener is bound to.</summary>
    public EndPoint EndPoint => endPoint;

    private ILogger Logger => logger;

    /// <summary>Whether the application ever runs on the loop.</summary>
    public bool UsesLoops => mode is not Scheduling.ThreadPool;

    /// <summary>Whether the application runs on the loop at the moment.</summary>
    public bool RunsInline => _runsInline && group.HasReserve;

    /// <summary>Whether the application has left the loops because handlers block.</summary>
    public bool IsAway => mode == Scheduling.Adaptive && !RunsInline;

    /// <summary>
    /// How often so many handlers blocked at once that threads ran short, modulo 256. What was learned of a connection
    /// before the last time tells nothing: those that block are often all connections, which were quick till then.
    /// </summary>
    public byte Shortages => (byte)group.ReserveUseCount;

    /// <summary>A handler holds up <paramref name="loop"/>, which is proven. On the watch.</summary>
    public void OnStuck(EventLoop loop, bool isHandedOver)
    {
        if (mode != Scheduling.Adaptive)
        {
            return;
        }

        lock (_gate)
        {
            if (_runsInline && (!isHandedOver || !group.HasReserve || IsTooOften()))
            {
                LeaveLoops(loop);
            }
        }
    }

    private bool IsTooOften()
    {
        var now = _clock.GetTimestamp();
        if (_clock.GetElapsedTime(_windowStart, now) > TimeSpan.FromSeconds(1))
        {
            _windowStart = now;
            _handOvers = 0;
        }

        return ++_handOvers > HandOversPerSecondMax;
    }

    private void LeaveLoops(EventLoop loop)
    {
        _runsInline = false;
        _handOvers = 0;
        var now = _clock.GetTimestamp();

        // Blocking again right after the return: stay away longer. Otherwise begin anew.
        _absence = _returnedAt != 0 && _clock.GetElapsedTime(_returnedAt, now) < s_longestAbsence
            ? Min(_absence * 2, s_longestAbsence)
            : s_firstAbsence;
        if (_warnedAt == 0 || _clock.GetElapsedTime(_warnedAt, now) > s_warningInterval)
        {
            _warnedAt = now;

            // On the thread pool: a logger that waits for its console must not keep the watch from the other loops.
            ThreadPool.UnsafeQueueUserWorkItem(
                static self => TransportLog.HandlersBlock(self.Logger, self.EndPoint), this, preferLocal: false);
        }

        ReturnIn(_absence, loop);
    }

    private void ReturnIn(TimeSpan absence, EventLoop loop) => loop.Schedule(absence, _ => Return(loop), null);

    private void Return(EventLoop loop)
    {
        if (!group.HasReserve)
        {
            ReturnIn(s_extension, loop);
            return;
        }

        lock (_gate)
        {
            _returnedAt = _clock.GetTimestamp();
            _runsInline = true;
        }
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
