using Kqueue;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// Whether a listener may accept more: how many descriptors connections leave to the rest of the process, and what
/// becomes of those who wait while there are none. Under the acceptor's lock.
/// </summary>
/// <remarks>
/// Not the application's files alone need descriptors: the .NET runtime takes a pipe for every thread that it starts
/// and ends the process where there is none. A new descriptor has the lowest number that is free (POSIX, "File
/// Descriptor Allocation"), so its number tells how many there are at least, without a call. Closed connections that
/// wait for their peers make room first. Otherwise peers are left in the kernel's queue: most shortages end with the
/// next connection that closes, and then everybody is served. After longer than a peer is likely to wait the rest is
/// refused, by what was left free, so that peers can go elsewhere.
/// </remarks>
internal sealed class AcceptBudget(TransportLoops loops)
{
    // Descriptors that are left free: a share of the limit, and at most so many.
    private const int HeadroomMax = 256;

    private readonly SocketCalls _calls = loops.Calls;
    private readonly TimeProvider _clock = loops.Clock;

    // The first number that is no connection's. Old at times, because the limit can be changed.
    private int _start = StartOf(loops.Calls);

    private Episode _shortage;

    // The first failure since the last accept; null after an accept.
    private long? _failingSince;

    /// <summary>Whether nothing has been accepted for so long that peers should be refused.</summary>
    public bool MustRefuse => _failingSince is { } since && _clock.GetElapsedTime(since) >= Times.Patience;

    /// <summary>
    /// A connection was accepted. False when its descriptor is one of those that are to be left free.
    /// </summary>
    public bool OnAccepted(int descriptor)
    {
        _failingSince = null;
        return !IsHeadroom(descriptor);
    }

    /// <summary>Closes the connection that has waited longest for its peer. True when that may have helped.</summary>
    public bool TryMakeRoom(Errno error) => error is Errno.EMFILE or Errno.ENFILE && loops.TryEndOldestLinger();

    /// <summary>
    /// Nothing more is accepted until <see cref="Times.Retry"/> is over. True when this begins a shortage.
    /// </summary>
    public bool OnFailed()
    {
        _failingSince ??= _clock.GetTimestamp();
        return _shortage.Begins(_clock);
    }

    /// <summary>
    /// Whether the next descriptor, if there is one, is to be left free. Makes one to see, unless all went well before.
    /// </summary>
    public bool IsSpent()
    {
        if (_failingSince is null)
        {
            return false;
        }

        var made = _calls.OpenProbe();
        if (made.IsError)
        {
            // A shortage of anything else is the accept's to find out.
            return made.Error == Errno.EMFILE;
        }

        _calls.Close(made.Value);
        return IsHeadroom(made.Value);
    }

    private bool IsHeadroom(int descriptor)
    {
        if (descriptor < _start)
        {
            return false;
        }

        _start = StartOf(_calls);
        return descriptor >= _start;
    }

    private static int StartOf(SocketCalls calls) =>
        calls.DescriptorLimit - Math.Min(calls.DescriptorShare, HeadroomMax);
}
