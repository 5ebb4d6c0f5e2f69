using System.Runtime.InteropServices;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>The C functions of a named library, each under its name with a prefix.</summary>
/// <remarks>
/// NetBSD's present-day socket(2) is called <c>__socket30</c>, and a library of system calls has recvfrom and sendto
/// only, without recv and send. The error number is where the library's own <c>__error</c> or <c>__errno</c> points,
/// if it has one, and otherwise the thread's errno.
/// </remarks>
#pragma warning disable IDE1006 // The functions keep their C names.
internal sealed unsafe class LibrarySocketFunctions : SocketFunctions
{
    private readonly nint _library;
    private readonly string _prefix;
    private readonly nint _errno;
    private readonly nint _accept;
    private readonly nint _accept4;
    private readonly nint _recvfrom;
    private readonly nint _readv;
    private readonly nint _sendto;
    private readonly nint _sendmsg;
    private readonly nint _shutdown;
    private readonly nint _close;
    private readonly nint _connect;
    private readonly nint _getsockname;
    private readonly nint _getpeername;
    private readonly nint _getsockopt;
    private readonly nint _setsockopt;
    private readonly nint _socket;
    private readonly nint _bind;
    private readonly nint _listen;
    private readonly nint _fcntl;

    public LibrarySocketFunctions(string library, string prefix)
    {
        _library = NativeLibrary.Load(library);
        _prefix = prefix;
        _errno = Find("__error", "__errno");
        _accept = Find("accept");
        _accept4 = Find("accept4");
        _recvfrom = Find("recvfrom");
        _readv = Find("readv");
        _sendto = Find("sendto");
        _sendmsg = Find("sendmsg");
        _shutdown = Find("shutdown");
        _close = Find("close");
        _connect = Find("connect");
        _getsockname = Find("getsockname");
        _getpeername = Find("getpeername");
        _getsockopt = Find("getsockopt");
        _setsockopt = Find("setsockopt");
        _socket = Find("__socket30", "socket30", "socket");
        _bind = Find("bind");
        _listen = Find("listen");
        _fcntl = Find("fcntl");
    }

    /// <summary>The names that the library lacks and that the suites cannot do without.</summary>
    public IEnumerable<string> Missing =>
        new (string Name, nint Function)[]
        {
            ("socket", _socket), ("bind", _bind), ("listen", _listen), ("fcntl", _fcntl), ("accept", _accept),
            ("recvfrom", _recvfrom), ("readv", _readv), ("sendto", _sendto), ("sendmsg", _sendmsg),
            ("shutdown", _shutdown), ("close", _close), ("connect", _connect), ("getsockname", _getsockname),
            ("getpeername", _getpeername), ("getsockopt", _getsockopt), ("setsockopt", _setsockopt),
        }
        .Where(entry => entry.Function == 0)
        .Select(entry => _prefix + entry.Name);

    public bool HasAccept4 => _accept4 != 0;

    public override int errno =>
        _errno != 0 ? *((delegate* unmanaged<int*>)_errno)() : Marshal.GetLastSystemError();

    public int socket(int family, int type, int protocol) =>
        ((delegate* unmanaged<int, int, int, int>)_socket)(family, type, protocol);

    public int bind(int descriptor, byte* address, uint addressLength) =>
        ((delegate* unmanaged<int, byte*, uint, int>)_bind)(descriptor, address, addressLength);

    public int listen(int descriptor, int backlog) =>
        ((delegate* unmanaged<int, int, int>)_listen)(descriptor, backlog);

    // Variadic in C, but not on a system call, and the same thing in registers on Linux's ABIs.
    public int fcntl(int descriptor, int command, nint argument) =>
        ((delegate* unmanaged<int, int, nint, int>)_fcntl)(descriptor, command, argument);

    public override int accept(int descriptor, byte* address, uint* addressLength) =>
        ((delegate* unmanaged<int, byte*, uint*, int>)_accept)(descriptor, address, addressLength);

    public override int accept4(int descriptor, byte* address, uint* addressLength, int flags) =>
        ((delegate* unmanaged<int, byte*, uint*, int, int>)_accept4)(descriptor, address, addressLength, flags);

    public override nint recv(int descriptor, byte* buffer, nuint length, int flags) =>
        ((delegate* unmanaged<int, byte*, nuint, int, byte*, uint*, nint>)_recvfrom)(
            descriptor, buffer, length, flags, null, null);

    public override nint readv(int descriptor, IoVector* buffers, int count) =>
        ((delegate* unmanaged<int, IoVector*, int, nint>)_readv)(descriptor, buffers, count);

    public override nint send(int descriptor, byte* buffer, nuint length, int flags) =>
        ((delegate* unmanaged<int, byte*, nuint, int, byte*, uint, nint>)_sendto)(
            descriptor, buffer, length, flags, null, 0);

    public override nint sendmsg(int descriptor, MessageHeader* message, int flags) =>
        ((delegate* unmanaged<int, MessageHeader*, int, nint>)_sendmsg)(descriptor, message, flags);

    public override int shutdown(int descriptor, int how) =>
        ((delegate* unmanaged<int, int, int>)_shutdown)(descriptor, how);

    public override int close(int descriptor) => ((delegate* unmanaged<int, int>)_close)(descriptor);

    public override int connect(int descriptor, byte* address, uint addressLength) =>
        ((delegate* unmanaged<int, byte*, uint, int>)_connect)(descriptor, address, addressLength);

    public override int getsockname(int descriptor, byte* address, uint* addressLength) =>
        ((delegate* unmanaged<int, byte*, uint*, int>)_getsockname)(descriptor, address, addressLength);

    public override int getpeername(int descriptor, byte* address, uint* addressLength) =>
        ((delegate* unmanaged<int, byte*, uint*, int>)_getpeername)(descriptor, address, addressLength);

    public override int getsockopt(int descriptor, int level, int name, void* value, uint* length) =>
        ((delegate* unmanaged<int, int, int, void*, uint*, int>)_getsockopt)(descriptor, level, name, value, length);

    public override int setsockopt(int descriptor, int level, int name, void* value, uint length) =>
        ((delegate* unmanaged<int, int, int, void*, uint, int>)_setsockopt)(descriptor, level, name, value, length);

    // The descriptors are the library's own: no exec would inherit them.
    public override int ioctl(int descriptor, nuint request) => 0;

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
