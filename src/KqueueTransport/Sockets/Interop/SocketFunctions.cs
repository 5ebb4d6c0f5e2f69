using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets.Interop;

/// <summary>
/// The C functions on sockets under their own names, found in the system's C library or in one that has sockets of its
/// own: raw results, and the raw error number beside them.
/// </summary>
/// <remarks>
/// Every signature is blittable and errno is read where it is needed: a call that succeeds does not pay for it. Calls
/// with addresses stand for recv and send, which are these without one, because a bare kernel has only them. No
/// variadic function is among them, except for an ioctl(2) that takes no argument.
/// </remarks>
#pragma warning disable IDE1006 // The functions keep their C names.
internal unsafe class SocketFunctions
{
    private readonly nint _library;
    private readonly string _prefix;

    // Where the library keeps its error number; null where that is the thread's own.
    private readonly delegate* unmanaged<int*> _errno;
    private readonly delegate* unmanaged<int, int, int, int> _socket;
    private readonly delegate* unmanaged<int, byte*, uint, int> _bind;
    private readonly delegate* unmanaged<int, int, int> _listen;
    private readonly delegate* unmanaged<int, byte*, uint*, int> _accept;
    private readonly delegate* unmanaged<int, byte*, uint*, int, int> _accept4;
    private readonly delegate* unmanaged<int, byte*, nuint, int, byte*, uint*, nint> _recvfrom;
    private readonly delegate* unmanaged<int, IoVector*, int, nint> _readv;
    private readonly delegate* unmanaged<int, byte*, nuint, int, byte*, uint, nint> _sendto;
    private readonly delegate* unmanaged<int, MessageHeader*, int, nint> _sendmsg;
    private readonly delegate* unmanaged<int, int, int> _shutdown;
    private readonly delegate* unmanaged<int, int> _close;
    private readonly delegate* unmanaged<int, byte*, uint, int> _connect;
    private readonly delegate* unmanaged<int, byte*, uint*, int> _getsockname;
    private readonly delegate* unmanaged<int, byte*, uint*, int> _getpeername;
    private readonly delegate* unmanaged<int, int, int, void*, uint*, int> _getsockopt;
    private readonly delegate* unmanaged<int, int, int, void*, uint, int> _setsockopt;
    private readonly delegate* unmanaged<int, nuint, int> _ioctl;

    /// <summary>Finds the functions.</summary>
    /// <param name="library">The loaded library.</param>
    /// <param name="prefix">What stands before the names; a library with one has an error number of its own.</param>
    /// <exception cref="EntryPointNotFoundException">The library lacks one of them.</exception>
    public SocketFunctions(nint library, string prefix = "")
    {
        (_library, _prefix) = (library, prefix);
        _errno = (delegate* unmanaged<int*>)(prefix.Length > 0 ? Find("__error", "__errno") : 0);

        // NetBSD's present-day socket(2) has a number behind its name.
        _socket = (delegate* unmanaged<int, int, int, int>)Need("__socket30", "socket30", "socket");
        _bind = (delegate* unmanaged<int, byte*, uint, int>)Need("bind");
        _listen = (delegate* unmanaged<int, int, int>)Need("listen");
        _accept = (delegate* unmanaged<int, byte*, uint*, int>)Need("accept");
        _accept4 = (delegate* unmanaged<int, byte*, uint*, int, int>)Find("accept4");
        _recvfrom = (delegate* unmanaged<int, byte*, nuint, int, byte*, uint*, nint>)Need("recvfrom");
        _readv = (delegate* unmanaged<int, IoVector*, int, nint>)Need("readv");
        _sendto = (delegate* unmanaged<int, byte*, nuint, int, byte*, uint, nint>)Need("sendto");
        _sendmsg = (delegate* unmanaged<int, MessageHeader*, int, nint>)Need("sendmsg");
        _shutdown = (delegate* unmanaged<int, int, int>)Need("shutdown");
        _close = (delegate* unmanaged<int, int>)Need("close");
        _connect = (delegate* unmanaged<int, byte*, uint, int>)Need("connect");
        _getsockname = (delegate* unmanaged<int, byte*, uint*, int>)Need("getsockname");
        _getpeername = (delegate* unmanaged<int, byte*, uint*, int>)Need("getpeername");
        _getsockopt = (delegate* unmanaged<int, int, int, void*, uint*, int>)Need("getsockopt");
        _setsockopt = (delegate* unmanaged<int, int, int, void*, uint, int>)Need("setsockopt");
        _ioctl = (delegate* unmanaged<int, nuint, int>)Find("ioctl");
    }

    /// <summary>No library's: who plays a kernel overrides what it is asked for.</summary>
    protected SocketFunctions() => _prefix = "";

    /// <summary>The system's C library.</summary>
    public static SocketFunctions OfSystem => field ??= new(NativeLibrary.GetMainProgramHandle());

    /// <summary>macOS has no accept4(2), nor have some bare kernels.</summary>
    public bool HasAccept4 => _accept4 != null;

    /// <summary>The calling thread's errno, to be read right after the call that failed.</summary>
    public virtual int errno => _errno != null ? *_errno() : Marshal.GetLastSystemError();

    public int socket(int family, int type, int protocol) => _socket(family, type, protocol);

    public int bind(int descriptor, byte* address, uint addressLength) => _bind(descriptor, address, addressLength);

    public int listen(int descriptor, int backlog) => _listen(descriptor, backlog);

    public virtual int accept(int descriptor, byte* address, uint* addressLength) =>
        _accept(descriptor, address, addressLength);

    public virtual int accept4(int descriptor, byte* address, uint* addressLength, int flags) =>
        _accept4(descriptor, address, addressLength, flags);

    public virtual nint recv(int descriptor, byte* buffer, nuint length, int flags) =>
        _recvfrom(descriptor, buffer, length, flags, null, null);

    public virtual nint readv(int descriptor, IoVector* buffers, int count) => _readv(descriptor, buffers, count);

    public virtual nint send(int descriptor, byte* buffer, nuint length, int flags) =>
        _sendto(descriptor, buffer, length, flags, null, 0);

    public virtual nint sendmsg(int descriptor, MessageHeader* message, int flags) =>
        _sendmsg(descriptor, message, flags);

    public virtual int shutdown(int descriptor, int how) => _shutdown(descriptor, how);

    public virtual int close(int descriptor) => _close(descriptor);

    public virtual int connect(int descriptor, byte* address, uint addressLength) =>
        _connect(descriptor, address, addressLength);

    public virtual int getsockname(int descriptor, byte* address, uint* addressLength) =>
        _getsockname(descriptor, address, addressLength);

    public virtual int getpeername(int descriptor, byte* address, uint* addressLength) =>
        _getpeername(descriptor, address, addressLength);

    public virtual int getsockopt(int descriptor, int level, int name, void* value, uint* length) =>
        _getsockopt(descriptor, level, name, value, length);

    public virtual int setsockopt(int descriptor, int level, int name, void* value, uint length) =>
        _setsockopt(descriptor, level, name, value, length);

    public virtual int ioctl(int descriptor, nuint request) => _ioctl(descriptor, request);

    /// <summary>The soft limit of descriptors: everywhere, and without constants (getdtablesize(2), (3)).</summary>
    public int getdtablesize() => ((delegate* unmanaged<int>)Need("getdtablesize"))();

    public nint recvmsg(int descriptor, MessageHeader* message, int flags) =>
        ((delegate* unmanaged<int, MessageHeader*, int, nint>)Need("recvmsg"))(descriptor, message, flags);

    public uint geteuid() => ((delegate* unmanaged<uint>)Need("geteuid"))();

    private nint Need(params ReadOnlySpan<string> names) => Find(names) is not 0 and var function
        ? function
        : throw new EntryPointNotFoundException($"The library exports no {_prefix}{names[^1]}.");

    private nint Find(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryGetExport(_library, _prefix + name, out var function))
            {
                return function;
            }
        }

        return 0;
    }
}
#pragma warning restore IDE1006
