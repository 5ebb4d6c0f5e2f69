using Kqueue;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// The descriptors that accepted connections leave to the rest of the process. Not the application's files alone: the
/// .NET runtime takes a pipe for every thread that it starts and ends the process where there is none. Any thread.
/// </summary>
/// <remarks>
/// A new descriptor has the lowest number that is free (POSIX, "File Descriptor Allocation"), so its number tells how
/// many there are at least, without a call.
/// </remarks>
internal sealed class DescriptorHeadroom(SocketCalls calls)
{
    private const int DescriptorsMax = 256;

    // Of the limit, as a divisor: a process with few has small pools, too.
    private const int Share = 8;

    // The first number that is no connection's. Old at times, because the limit can be changed.
    private int _start = StartBelow(calls.DescriptorLimit);

    /// <summary>Whether a descriptor that has just been made is one of those to be left free.</summary>
    public bool Contains(int descriptor)
    {
        if (descriptor < Volatile.Read(ref _start))
        {
            return false;
        }

        Volatile.Write(ref _start, StartBelow(calls.DescriptorLimit));
        return descriptor >= Volatile.Read(ref _start);
    }

    /// <summary>Whether the next descriptor, if there is one, is to be left free. Makes one to see.</summary>
    public bool IsReached()
    {
        var made = calls.OpenReserve();
        if (made.IsError)
        {
            // A shortage of anything else is the accept's to find out.
            return made.Error == Errno.EMFILE;
        }

        calls.Close(made.Value);
        return Contains(made.Value);
    }

    private static int StartBelow(int limit) => limit - Math.Min(limit / Share, DescriptorsMax);
}
