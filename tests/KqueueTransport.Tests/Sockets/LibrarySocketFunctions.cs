using System.Runtime.InteropServices;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>The C functions of a named library, each under its name with a prefix.</summary>
/// <remarks>
/// A test that needs a function which the library lacks is skipped and says so. NetBSD's present-day socket(2) is
/// called <c>__socket30</c>, and a bare kernel has recvfrom and sendto without recv and send. The error number is where
/// the library's own <c>__error</c> or <c>__errno</c> points, if it has one, and otherwise the thread's errno.
/// </remarks>
#pragma warning disable IDE1006 // The functions keep their C names.
internal sealed unsafe class LibrarySocketFunctions : SocketFunctions
{
    private readonly nint _library;
    private readonly string _prefix;
    private readonly nint _errno;
    private readonly Dictionary<string, nint> _functions = [];

    public LibrarySocketFunctions(string library, string prefix)
    {
        _library = NativeLibrary.Load(library);
        _prefix = prefix;
        _errno = Find("__error", "__errno");
    }

    public bool HasAccept4 => Find("accept4") != 0;

    public override int errno =>
        _errno != 0 ? *((delegate* unmanaged<int*>)_errno)() : Marshal.GetLastSystemError();

    private bool HasSendAndRecv => Find("send") != 0 && Find("recv") != 0;

    public int socket(int family, int type, int protocol) =>
        ((delegate* unmanaged<int, int, int, int>)Need("__socket30", "socket30", "socket"))(family, type, protocol);

    public int bind(int descriptor, byte* address, uint addressLength) =>
        ((delegate* unmanaged<int, byte*, uint, int>)Need("bind"))(descriptor, address, addressLength);

    public int listen(int descriptor, int backlog) =>
        ((delegate* unmanaged<int, int, int>)Need("listen"))(descriptor, backlog);

    // Variadic in C, but not on a system call, and the same thing in registers on Linux's ABIs.
    public int fcntl(int descriptor, int command, nint argument) =>
        ((delegate* unmanaged<int, int, nint, int>)Need("fcntl"))(descriptor, command, argument);

    public override int accept(int descriptor, byte* address, uint* addressLength) =>
        ((delegate* unmanaged<int, byte*, uint*, int>)Need("accept"))(descriptor, address, addressLength);

    public override int accept4(int descriptor, byte* address, uint* addressLength, int flags) =>
        ((delegate* unmanaged<int, byte*, uint*, int, int>)Need("accept4"))(descriptor, address, addressLength, flags);

    public override nint recv(int descriptor, byte* buffer, nuint length, int flags) => HasSendAndRecv
        ? ((delegate* unmanaged<int, byte*, nuint, int, nint>)Need("recv"))(descriptor, buffer, length, flags)
        : ((delegate* unmanaged<int, byte*, nuint, int, byte*, uint*, nint>)Need("recvfrom"))(
            descriptor, buffer, length, flags, null, null);

    public override nint readv(int descriptor, IoVector* buffers, int count) =>
        ((delegate* unmanaged<int, IoVector*, int, nint>)Need("readv"))(descriptor, buffers, count);

    public override nint send(int descriptor, byte* buffer, nuint length, int flags) => HasSendAndRecv
        ? ((delegate* unmanaged<int, byte*, nuint, int, nint>)Need("send"))(descriptor, buffer, length, flags)
        : ((delegate* unmanaged<int, byte*, nuint, int, byte*, uint, nint>)Need("sendto"))(
            descriptor, buffer, length, flags, null, 0);

    public override nint sendmsg(int descriptor, MessageHeader* message, int flags) =>
        ((delegate* unmanaged<int, MessageHeader*, int, nint>)Need("sendmsg"))(descriptor, message, flags);

    public override int shutdown(int descriptor, int how) =>
        ((delegate* unmanaged<int, int, int>)Need("shutdown"))(descriptor, how);

    public override int close(int descriptor) => ((delegate* unmanaged<int, int>)Need("close"))(descriptor);

    public override int connect(int descriptor, byte* address, uint addressLength) =>
        ((delegate* unmanaged<int, byte*, uint, int>)Need("connect"))(descriptor, address, addressLength);

    public override int getsockname(int descriptor, byte* address, uint* addressLength) =>
        ((delegate* unmanaged<int, byte*, uint*, int>)Need("getsockname"))(descriptor, address, addressLength);

    public override int getpeername(int descriptor, byte* address, uint* addressLength) =>
        ((delegate* unmanaged<int, byte*, uint*, int>)Need("getpeername"))(descriptor, address, addressLength);

    public override int getsockopt(int descriptor, int level, int name, void* value, uint* length) =>
        ((delegate* unmanaged<int, int, int, void*, uint*, int>)Need("getsockopt"))(
            descriptor, level, name, value, length);

    public override int setsockopt(int descriptor, int level, int name, void* value, uint length) =>
        ((delegate* unmanaged<int, int, int, void*, uint, int>)Need("setsockopt"))(
            descriptor, level, name, value, length);

    // The descriptors are the library's own: no exec would inherit them.
    public override int ioctl(int descriptor, nuint request) => 0;

    private nint Need(params ReadOnlySpan<string> names)
    {
        var function = Find(names);
        Assert.SkipWhen(function == 0, $"the library exports no {_prefix}{names[^1]}");
        return function;
    }

    private nint Find(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!_functions.TryGetValue(name, out var function))
            {
                function = NativeLibrary.TryGetExport(_library, _prefix + name, out var found) ? found : 0;
                _functions[name] = function;
            }

            if (function != 0)
            {
                return function;
            }
        }

        return 0;
    }
}
#pragma warning restore IDE1006
