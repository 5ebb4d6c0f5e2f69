using System.Net;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>The C functions of the simulated kernel, with the error numbers of a chosen system.</summary>
#pragma warning disable IDE1006 // The functions keep their C names.
internal sealed unsafe partial class SimulatedFunctions(SimulatedKernel kernel, SocketNumbers numbers) : SocketFunctions
{
    private int _errno;

    public override int errno => _errno;

    public override int accept(int descriptor, byte* address, uint* addressLength) =>
        Accept(descriptor, address, addressLength);

    public override int accept4(int descriptor, byte* address, uint* addressLength, int flags) =>
        Accept(descriptor, address, addressLength);

    public override nint recv(int descriptor, byte* buffer, nuint length, int flags)
    {
        var whole = new IoVector(buffer, (int)length);
        return readv(descriptor, &whole, 1);
    }

    public override nint readv(int descriptor, IoVector* buffers, int count)
    {
        if (kernel.Find<SimulatedConnection>(descriptor, "recv") is not { } connection)
        {
            return Fail(Errno.EBADF);
        }

        if (kernel.Faults.Strikes(Fault.Interrupted))
        {
            return Fail(Errno.EINTR);
        }

        if (kernel.Faults.Strikes(Fault.NetworkError))
        {
            connection.Break();
            return Fail(Errno.ETIMEDOUT);
        }

        var vectors = new ReadOnlySpan<IoVector>(buffers, count);
        var result = connection.Receive(TotalLength(vectors), out var position);
        return result.IsError ? Fail(result.Error) : Fill(vectors, connection.Id, position, result.Value);
    }

    public override nint send(int descriptor, byte* buffer, nuint length, int flags)
    {
        var whole = new IoVector(buffer, (int)length);
        var message = new MessageHeader { msg_iov = &whole, msg_iovlen = 1 };
        return sendmsg(descriptor, &message, flags);
    }

    public override nint sendmsg(int descriptor, MessageHeader* message, int flags)
    {
        // Nobody holds a lock over a send: anything may happen before the kernel comes to it, and before it is back.
        kernel.Scheduler.Yield();
        if (kernel.Find<SimulatedConnection>(descriptor, "send") is not { } connection)
        {
            return Fail(Errno.EBADF);
        }

        if (kernel.Faults.Strikes(Fault.Interrupted))
        {
            return Fail(Errno.EINTR);
        }

        var vectors = new ReadOnlySpan<IoVector>(message->msg_iov, (int)message->msg_iovlen);
        var result = connection.Send(TotalLength(vectors));
        if (result.IsError)
        {
            return Fail(result.Error);
        }

        Check(vectors, connection, result.Value);
        connection.Accepted(result.Value);
        kernel.Scheduler.Yield();
        return result.Value;
    }

    public override int shutdown(int descriptor, int how)
    {
        if (kernel.Find<SimulatedConnection>(descriptor, "shutdown") is not { } connection)
        {
            return Fail(Errno.EBADF);
        }

        if (connection.IsReset)
        {
            return Fail(Errno.ENOTCONN);
        }

        connection.ShutSendSide();
        return 0;
    }

    public override int close(int descriptor)
    {
        switch (kernel.Find(descriptor))
        {
            case SimulatedListener:
            case SimulatedProbe:
            case { } plain when plain == SimulatedKernel.Reserve || plain == SimulatedKernel.Unconnected:
                break;
            case SimulatedConnection connection:
                connection.Close();
                break;
            default:
                kernel.Violation($"Descriptor {descriptor} is closed although it is not open.");
                return Fail(Errno.EBADF);
        }

        kernel.Release(descriptor);
        return kernel.Faults.Strikes(Fault.CloseRemark) ? Fail(Errno.EINTR) : 0;
    }

    public override int setsockopt(int descriptor, int level, int name, void* value, uint length)
    {
        if (kernel.Find(descriptor) == SimulatedKernel.Unconnected)
        {
            return kernel.Faults.Strikes(Fault.OptionFailed) ? Fail(Errno.ENOBUFS) : 0;
        }

        if (kernel.Find<SimulatedConnection>(descriptor, "setsockopt") is not { } connection)
        {
            return Fail(Errno.EBADF);
        }

        connection.MustAbortOnClose |= level == numbers.SOL_SOCKET && name == numbers.SO_LINGER;
        return connection.IsReset ? Fail(Errno.EINVAL) : 0;
    }

    public override int ioctl(int descriptor, nuint request) => 0;

    private int Accept(int descriptor, byte* address, uint* addressLength)
    {
        if (kernel.Find<SimulatedListener>(descriptor, "accept") is not { } listener)
        {
            return Fail(Errno.EBADF);
        }

        if (kernel.Faults.Strikes(Fault.Interrupted))
        {
            return Fail(Errno.EINTR);
        }

        if (listener.Backlog.Count == 0)
        {
            return Fail(Errno.EAGAIN);
        }

        if (kernel.Faults.Strikes(Fault.OutOfDescriptors))
        {
            return Fail(kernel.Random.Next(3) switch { 0 => Errno.EMFILE, 1 => Errno.ENFILE, _ => Errno.ENOBUFS });
        }

        return TakeFirst(listener, address, addressLength);
    }

    private int TakeFirst(SimulatedListener listener, byte* address, uint* addressLength)
    {
        var connection = listener.Backlog.Peek();
        if (connection.IsReset && kernel.Faults.Strikes(Fault.AcceptAborted))
        {
            listener.Backlog.Dequeue().Refuse();
            return Fail(Errno.ECONNABORTED);
        }

        var descriptor = kernel.TakeDescriptor(connection);
        if (descriptor < 0)
        {
            return Fail(Errno.EMFILE);
        }

        listener.Backlog.Dequeue();
        connection.Descriptor = descriptor;
        if (connection.IsReset && kernel.Faults.Strikes(Fault.PeerGoneAtAccept))
        {
            *addressLength = 0;
            return descriptor;
        }

        Write(new IPEndPoint(IPAddress.Loopback, connection.Id), address, addressLength);
        return descriptor;
    }

    private int Fail(Errno error)
    {
        _errno = NumberOf(error);
        return -1;
    }

    private int NumberOf(Errno error)
    {
        var number = 1;
        while (numbers.Errnos.ToErrno(number) != error)
        {
            number++;
        }

        return number;
    }

    private static long TotalLength(ReadOnlySpan<IoVector> vectors)
    {
        var total = 0L;
        foreach (var vector in vectors)
        {
            total += vector.Length;
        }

        return total;
    }

    private static int Fill(ReadOnlySpan<IoVector> vectors, int id, long position, int count)
    {
        var left = count;
        foreach (var vector in vectors)
        {
            var part = new Span<byte>(vector.Start, Math.Min(left, vector.Length));
            Pattern.Fill(part, id, position);
            position += part.Length;
            left -= part.Length;
        }

        return count;
    }

    private void Check(ReadOnlySpan<IoVector> vectors, SimulatedConnection connection, int count)
    {
        var position = connection.Sent;
        foreach (var vector in vectors)
        {
            var part = new ReadOnlySpan<byte>(vector.Start, Math.Min(count, vector.Length));
            if (Pattern.FirstDifference(part, connection.Id, position) is { } difference)
            {
                kernel.Violation($"Connection {connection.Id} sends a wrong byte at {difference}.");
                return;
            }

            position += part.Length;
            count -= part.Length;
        }
    }
}
#pragma warning restore IDE1006
