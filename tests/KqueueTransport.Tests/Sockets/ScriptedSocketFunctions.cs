using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// C functions that return what was prepared, whatever they are called with: a value from 0 on, or a negated error
/// number. They remember the calls in words.
/// </summary>
#pragma warning disable IDE1006 // The functions keep their C names.
internal sealed unsafe class ScriptedSocketFunctions(params int[] results) : SocketFunctions
{
    private readonly Queue<int> _results = new(results);
    private int _errno;

    /// <summary>What accept writes as the length of the address.</summary>
    public uint AddressLength { get; init; }

    public List<string> Calls { get; } = [];

    public override int errno => _errno;

    public override int accept(int descriptor, byte* address, uint* addressLength)
    {
        *addressLength = AddressLength;
        return Next("accept");
    }

    public override int accept4(int descriptor, byte* address, uint* addressLength, int flags)
    {
        *addressLength = AddressLength;
        return Next($"accept4 {flags:x}");
    }

    public override nint recv(int descriptor, byte* buffer, nuint length, int flags) => Next($"recv {length}");

    public override nint readv(int descriptor, IoVector* buffers, int count) => Next($"readv {count}");

    public override nint send(int descriptor, byte* buffer, nuint length, int flags) =>
        Next($"send {length} {flags:x}");

    public override nint sendmsg(int descriptor, MessageHeader* message, int flags) =>
        Next($"sendmsg {message->msg_iovlen} {flags:x}");

    public override int shutdown(int descriptor, int how) => Next($"shutdown {how}");

    public override int close(int descriptor) => Next("close");

    public override int connect(int descriptor, byte* address, uint addressLength) => Next("connect");

    public override int getsockname(int descriptor, byte* address, uint* addressLength) => Next("getsockname");

    public override int getpeername(int descriptor, byte* address, uint* addressLength) => Next("getpeername");

    public override int getsockopt(int descriptor, int level, int name, void* value, uint* length) =>
        Next($"getsockopt {level:x} {name:x}");

    public override int setsockopt(int descriptor, int level, int name, void* value, uint length)
    {
        var values = new ReadOnlySpan<int>(value, (int)length / sizeof(int)).ToArray();
        return Next($"setsockopt {level:x} {name:x} = {string.Join(",", values)}");
    }

    public override int ioctl(int descriptor, nuint request) => Next($"ioctl {request:x}");

    private int Next(string call)
    {
        Calls.Add(call);
        var result = _results.Dequeue();
        _errno = result < 0 ? -result : 0;
        return result < 0 ? -1 : result;
    }
}
#pragma warning restore IDE1006
