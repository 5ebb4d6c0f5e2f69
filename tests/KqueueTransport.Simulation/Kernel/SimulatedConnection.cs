using Kqueue;
using KqueueTransport.Connections;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>
/// One connection as the kernel has it: counts of bytes on their way in both directions, and how each direction has
/// ended. What the bytes are follows from their position (<see cref="Pattern"/>), so that only counts are kept.
/// </summary>
internal sealed class SimulatedConnection(SimulatedKernel kernel, int id)
{
    private bool _isFinAnnounced;
    private bool _isResetReported;
    private Errno _connectError;

    // The position of an urgent byte, which nobody sees: a receive stops there.
    private long _urgentMark;

    public int Id => id;

    /// <summary>-1 until it is accepted, or connect(2) is called.</summary>
    public int Descriptor { get; set; } = -1;

    public int SendBufferBytes { get; init; } = 64 * 1024;

    /// <summary>connect(2) was called, and the answer has not come.</summary>
    public bool IsConnecting { get; private set; }

    /// <summary>The answer to connect(2) was an error.</summary>
    public bool HasFailedToConnect { get; private set; }

    public bool IsConnected => !IsConnecting && !HasFailedToConnect && !IsReset;

    // From the peer: sent, then delivered to this machine, then received by the process.
    public long PeerSent { get; private set; }

    public long Delivered { get; private set; }

    public long Received { get; private set; }

    public bool HasPeerEnded { get; private set; }

    public bool IsFinDelivered { get; private set; }

    // From the process: sent, then taken by the peer.
    public long Sent { get; private set; }

    public long Taken { get; private set; }

    public bool HasSentFin { get; private set; }

    /// <summary>The peer has sent RST, which has arrived.</summary>
    public bool IsReset { get; private set; }

    /// <summary>The process answered with RST: what the peer has not taken is lost to it.</summary>
    public bool HasSentReset { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>A fault ended it, for which neither side is to blame.</summary>
    public bool IsBroken { get; set; }

    public bool MustAbortOnClose { get; set; }

    public bool IsOverForPeer => HasSentReset || (HasSentFin && Taken == Sent);

    public long OnTheWay => PeerSent - Delivered;

    public long Unread => Delivered - Received;

    public int FreeToSend => SendBufferBytes - (int)(Sent - Taken);

    public bool IsReadable => Unread > 0 || IsFinDelivered || IsOver;

    public bool IsWritable => !IsConnecting && (FreeToSend > 0 || IsOver);

    private bool IsOver => IsReset || HasFailedToConnect;

    public KEventFlags FlagsOf(KEventFilter filter)
    {
        if (filter == KEventFilter.Write)
        {
            return IsOver ? KEventFlags.Eof : KEventFlags.None;
        }

        _isFinAnnounced |= IsFinDelivered;
        return (IsOver || IsFinDelivered ? KEventFlags.Eof : KEventFlags.None) |
            (_urgentMark > Received && !kernel.CountsBytes ? KEventFlags.OutOfBand : KEventFlags.None);
    }

    /// <summary>What is there to receive, also behind an urgent mark.</summary>
    public long DataOf(KEventFilter filter) => kernel.CountsBytes && filter == KEventFilter.Read ? Unread : 0;

    public void StartConnect(int descriptor)
    {
        Descriptor = descriptor;
        IsConnecting = true;
    }

    /// <summary>The answer to connect(2) has come.</summary>
    public void EndConnect(Errno error)
    {
        IsConnecting = false;
        HasFailedToConnect = error != Errno.None;
        _connectError = error;
        kernel.Changed(Descriptor, KEventFilter.Write);
    }

    /// <summary>The error that nobody has been told (SO_ERROR).</summary>
    public Errno TakeError()
    {
        var error = IsReset && !_isResetReported ? Errno.ECONNRESET : _connectError;
        _isResetReported |= IsReset;
        _connectError = Errno.None;
        return error;
    }

    public void PeerSends(long count) => PeerSent += count;

    public void PeerEnds() => HasPeerEnded = true;

    /// <summary>Bytes of the peer arrive at this machine.</summary>
    public void Deliver(long count)
    {
        if (kernel.Faults.Strikes(Fault.UrgentMark))
        {
            _urgentMark = Delivered + kernel.Random.NextInt64(count);
        }

        Delivered += count;
        Arrived();
    }

    public void DeliverFin()
    {
        IsFinDelivered = true;
        Arrived();
    }

    public void DeliverReset()
    {
        if (IsClosed)
        {
            return;
        }

        IsReset = true;
        Delivered = kernel.DropsOnReset ? Received : Delivered;
        kernel.Changed(Descriptor, KEventFilter.Read);
        kernel.Changed(Descriptor, KEventFilter.Write);
    }

    /// <summary>The network is gone: for both sides it is over.</summary>
    public void Break()
    {
        IsBroken = true;
        _isResetReported = true;
        DeliverReset();
        HasSentReset = true;
    }

    /// <summary>The peer takes bytes.</summary>
    public void Take(long count)
    {
        Taken += count;
        kernel.Changed(Descriptor, KEventFilter.Write);
    }

    /// <summary>The listen socket was closed before the connection was accepted.</summary>
    public void Refuse()
    {
        IsClosed = true;
        HasSentReset = true;
    }

    public KernelResult Receive(long room, out long position)
    {
        position = Received;
        CheckIsUsable("receives");
        if (Unread == 0 || (IsReset && kernel.DropsOnReset))
        {
            return EndOrWait();
        }

        if (!IsFinDelivered && kernel.Faults.Strikes(Fault.ReceiveWouldBlock))
        {
            // The bytes arrive right after the call.
            kernel.Changed(Descriptor, KEventFilter.Read);
            return KernelResult.Failure(Errno.EAGAIN);
        }

        var count = Math.Min(room, _urgentMark > Received ? _urgentMark - Received : Unread);
        if (count > 1 && kernel.Faults.Strikes(Fault.ShortReceive))
        {
            count = kernel.Random.NextInt64(1, count);
            if (!_isFinAnnounced)
            {
                // What the call did not bring arrives right after it, and so makes an edge.
                kernel.Changed(Descriptor, KEventFilter.Read);
            }
        }

        Received += count;
        return KernelResult.Success((int)count);
    }

    /// <summary>How many bytes the kernel takes now.</summary>
    public KernelResult Send(long offered)
    {
        CheckIsUsable("sends");
        if (HasSentFin)
        {
            kernel.Violation($"Connection {id} sends after its FIN.");
            return KernelResult.Failure(Errno.EPIPE);
        }

        if (IsReset)
        {
            return KernelResult.Failure(kernel.Random.Next(2) == 0 ? Errno.EPIPE : Errno.ECONNRESET);
        }

        if (kernel.Faults.Strikes(Fault.NoBuffers))
        {
            return KernelResult.Failure(Errno.ENOBUFS);
        }

        if (FreeToSend == 0 || kernel.Faults.Strikes(Fault.SendWouldBlock))
        {
            return KernelResult.Failure(Errno.EAGAIN);
        }

        var count = Math.Min(offered, FreeToSend);
        if (count > 1 && kernel.Faults.Strikes(Fault.ShortSend))
        {
            count = kernel.Random.NextInt64(1, count);
        }

        return KernelResult.Success((int)count);
    }

    public void Accepted(long count) => Sent += count;

    public void ShutSendSide() => HasSentFin = true;

    public void Close()
    {
        IsClosed = true;
        if (MustAbortOnClose || Unread > 0)
        {
            HasSentReset = true;
        }

        HasSentFin = true;
    }

    private void CheckIsUsable(string call)
    {
        if (IsConnecting || HasFailedToConnect)
        {
            kernel.Violation($"Connection {id} {call} although it is not connected.");
        }
    }

    private void Arrived()
    {
        if (IsClosed)
        {
            if (Unread > 0)
            {
                HasSentReset = true;
            }

            return;
        }

        kernel.Changed(Descriptor, KEventFilter.Read);
    }

    private KernelResult EndOrWait()
    {
        if (IsReset && !_isResetReported)
        {
            _isResetReported = true;
            return KernelResult.Failure(Errno.ECONNRESET);
        }

        return IsReset || IsFinDelivered ? KernelResult.Success(0) : KernelResult.Failure(Errno.EAGAIN);
    }
}
