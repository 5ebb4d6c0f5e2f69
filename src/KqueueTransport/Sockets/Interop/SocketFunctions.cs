namespace KqueueTransport.Sockets.Interop;

/// <summary>
/// The C functions on sockets under their own names, as the system's C library or another one has them: raw results,
/// and the raw error number beside them.
/// </summary>
/// <remarks>No variadic function is among them, except for an ioctl(2) that takes no argument.</remarks>
#pragma warning disable IDE1006 // The functions keep their C names.
internal abstract unsafe class SocketFunctions
{
    /// <summary>The calling thread's errno, to be read right after the call that failed.</summary>
    public abstract int errno { get; }

    public abstract int accept(int descriptor, byte* address, uint* addressLength);

    public abstract int accept4(int descriptor, byte* address, uint* addressLength, int flags);

    public abstract nint recv(int descriptor, byte* buffer, nuint length, int flags);

    public abstract nint readv(int descriptor, IoVector* buffers, int count);

    public abstract nint send(int descriptor, byte* buffer, nuint length, int flags);

    public abstract nint sendmsg(int descriptor, MessageHeader* message, int flags);

    public abstract int shutdown(int descriptor, int how);

    public abstract int close(int descriptor);

    public abstract int connect(int descriptor, byte* address, uint addressLength);

    public abstract int getsockname(int descriptor, byte* address, uint* addressLength);

    public abstract int getpeername(int descriptor, byte* address, uint* addressLength);

    public abstract int getsockopt(int descriptor, int level, int name, void* value, uint* length);

    public abstract int setsockopt(int descriptor, int level, int name, void* value, uint length);

    public abstract int ioctl(int descriptor, nuint request);
}
#pragma warning restore IDE1006
