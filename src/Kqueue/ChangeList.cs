using System.Numerics;

namespace Kqueue;

/// <summary>
/// What every backend asks of a change list before any change is applied, so that a mistake in the program is the
/// same error everywhere, also where a kernel would let it pass.
/// </summary>
internal static class ChangeList
{
    public static void Validate(ReadOnlySpan<KEvent> changes, int eventCapacity)
    {
        foreach (ref readonly var change in changes)
        {
            // EINVAL on FreeBSD, while XNU lets DISABLE win (kern_event.c, kqueue_register and kevent_register).
            RefuseBoth(change, KEventFlags.Enable | KEventFlags.Disable);

            // A knote that exists goes, one that does not comes and goes or stays, by filter and system.
            RefuseBoth(change, KEventFlags.Add | KEventFlags.Delete);

            if ((change.Flags & KEventFlags.Receipt) != 0 && eventCapacity < changes.Length)
            {
                // FreeBSD, OpenBSD and NetBSD then stop after the first change and report success (FreeBSD
                // kern_event.c, kqueue_kevent; kqueue(2), EV_RECEIPT; dotnet/runtime#26633).
                ThrowReceiptRoom(changes.Length, eventCapacity);
            }

            if (change.Filter == KEventFilter.Timer && (change.Flags & KEventFlags.Add) != 0)
            {
                ValidateTimer(change);
            }
        }
    }

    // Only FreeBSD refuses a negative time by itself (libkqueue, test/timer.c), and units that are bits on one system
    // are numbers on another.
    private static void ValidateTimer(in KEvent change)
    {
        if (change.Data < 0)
        {
            throw new ArgumentException($"TIMER {change.Ident}: the time is negative ({change.Data}).", nameof(change));
        }

        if (BitOperations.PopCount((uint)(change.Notes & TimerTime.Units)) > 1)
        {
            throw new ArgumentException($"TIMER {change.Ident}: give one unit, not {change.Notes}.", nameof(change));
        }
    }

    private static void RefuseBoth(in KEvent change, KEventFlags contradiction)
    {
        if ((change.Flags & contradiction) == contradiction)
        {
            throw new ArgumentException(
                $"{change.Filter} {change.Ident}: give one of {contradiction}, not both.", nameof(change));
        }
    }

    private static void ThrowReceiptRoom(int changes, int events) => throw new ArgumentException(
        $"A change list with RECEIPT needs an event list with an entry for each change: {changes}, not {events}.",
        nameof(events));
}
