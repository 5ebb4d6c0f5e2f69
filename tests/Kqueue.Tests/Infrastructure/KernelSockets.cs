using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kqueue.Interop;

namespace Kqueue.Tests.Infrastructure;

/// <summary>
/// Bare socket calls of the kernel under test. Sends and receives never block, so that a test that fails does not hang.
/// </summary>
internal sealed unsafe class KernelSockets
{
    private const int AddressLength = 16;

    private readonly SocketNumbers _numbers;
    private readonly List<string> _missing = [];
    private readonly delegate* unmanaged<int, int, int, int> _socket;
    private readonly delegate* unmanaged<int, int, int, int*, int> _socketpair;
    private readonly delegate* unmanaged<int, byte*, uint, int> _bind;
    private readonly delegate* unmanaged<int, int, int> _listen;
    private readonly delegate* unmanaged<int, byte*, uint, int> _connect;
    private readonly delegate* unmanaged<int, byte*, uint*, int> _accept;
    private readonly delegate* unmanaged<int, byte*, uint*, int> _getsockname;
    private readonly delegate* unmanaged<int, int, int, void*, uint, int> _setsockopt;
    private readonly delegate* unmanaged<int, byte*, nint, int, nint> _send;
    private readonly delegate* unmanaged<int, byte*, nint, int, nint> _recv;
    private readonly delegate* unmanaged<int, int, int> _shutdown;
    private readonly delegate* unmanaged<int, int, int> _dup2;
    private readonly delegate* unmanaged<int, int> _dup;
    private readonly delegate* unmanaged<int*, int> _pipe;
    private readonly delegate* unmanaged<int, byte*, nint, nint> _write;
    private readonly delegate* unmanaged<int, int> _close;

    private KernelSockets(nint library, string prefix, SocketNumbers numbers)
    {
        _numbers = numbers;
        _socket = (delegate* unmanaged<int, int, int, int>)Find("__socket30", "socket30", "socket");
        _socketpair = (delegate* unmanaged<int, int, int, int*, int>)FindOptional("socketpair");
        _bind = (delegate* unmanaged<int, byte*, uint, int>)Find("bind");
        _listen = (delegate* unmanaged<int, int, int>)Find("listen");
        _connect = (delegate* unmanaged<int, byte*, uint, int>)Find("connect");
        _accept = (delegate* unmanaged<int, byte*, uint*, int>)Find("accept");
        _getsockname = (delegate* unmanaged<int, byte*, uint*, int>)Find("getsockname");
        _setsockopt = (delegate* unmanaged<int, int, int, void*, uint, int>)Find("setsockopt");
        _send = (delegate* unmanaged<int, byte*, nint, int, nint>)FindTransfer("send", "sendto");
        _recv = (delegate* unmanaged<int, byte*, nint, int, nint>)FindTransfer("recv", "recvfrom");
        _shutdown = (delegate* unmanaged<int, int, int>)Find("shutdown");
        _dup2 = (delegate* unmanaged<int, int, int>)Find("dup2");
        _dup = (delegate* unmanaged<int, int>)Find("dup");
        _pipe = (delegate* unmanaged<int*, int>)FindOptional("pipe");
        _write = (delegate* unmanaged<int, byte*, nint, nint>)FindOptional("write");
        _close = (delegate* unmanaged<int, int>)Find("close");
        Missing = _missing.Count == 0 ? null : $"the library exports no {string.Join(", ", _missing)}";

        nint Find(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (NativeLibrary.TryGetExport(library, prefix + name, out var address))
                {
                    return address;
                }
            }

            _missing.Add(names[^1]);
            return 0;
        }

        nint FindOptional(string name) =>
            NativeLibrary.TryGetExport(library, prefix + name, out var address) ? address : 0;

        // A bare kernel has sendto and recvfrom only; with null addresses they are what send and recv are.
        nint FindTransfer(string name, string bare)
        {
            if (NativeLibrary.TryGetExport(library, prefix + name, out var address))
            {
                return address;
            }

            NeedsNullAddress = true;
            return Find(bare);
        }
    }

    private bool NeedsNullAddress { get; set; }

    /// <summary>Which socket calls the library lacks, as a reason to skip; null when it has them.</summary>
    public string? Missing { get; }

    /// <summary>
    /// A descriptor number that nothing but a test asks for. A kernel in a library may allow few descriptors; in the
    /// process low numbers are everybody's.
    /// </summary>
    public int ReservedNumber { get; private init; } = 700;

    /// <summary>Whether the descriptors, and so the files and processes, are this system's.</summary>
    public bool IsThisSystem { get; private init; }

    public static KernelSockets OfSystem() =>
        new(NativeLibrary.GetMainProgramHandle(), prefix: "", SocketNumbers.OfSystem()) { IsThisSystem = true };

    /// <summary>
    /// The library's sockets; a library with a foreign layout has them itself, libkqueue uses the system's.
    /// </summary>
    public static KernelSockets OfLibrary(nint library, string prefix, string layout) =>
        layout == "libkqueue"
            ? OfSystem()
            : new KernelSockets(library, prefix, SocketNumbers.Of(layout)) { ReservedNumber = 60 };

    public TestSocket CreateStream() => Wrap(_socket(SocketNumbers.AF_INET, SocketNumbers.SOCK_STREAM, 0), "socket");

    /// <summary>Why no connect can be left pending; null when one can.</summary>
    public string? LacksPendingConnect =>
        _numbers.SockNonBlock == 0 ? "the kernel has no SOCK_NONBLOCK, and fcntl is variadic" : null;

    /// <summary>Starts to connect to a port of the loopback interface and does not wait for the end.</summary>
    public TestSocket StartConnect(int port)
    {
        var type = SocketNumbers.SOCK_STREAM | _numbers.SockNonBlock;
        var socket = Wrap(_socket(SocketNumbers.AF_INET, type, 0), "socket");
        var address = stackalloc byte[AddressLength];
        WriteLoopback(address, port);
        var connected = Result(_connect(socket.Descriptor, address, AddressLength));

        // A BSD may refuse at once (libuv, src/unix/tcp.c).
        Assert.True(connected.Error is Errno.None or Errno.EINPROGRESS or Errno.ECONNREFUSED, $"connect: {connected}");
        return socket;
    }

    public TestSocket CreateDatagram() => Wrap(_socket(SocketNumbers.AF_INET, SocketNumbers.SOCK_DGRAM, 0), "socket");

    /// <summary>A TCP listen socket on a free port of the loopback interface.</summary>
    public TestSocket Listen(int backlog = 16)
    {
        var socket = CreateStream();
        Bind(socket);
        StartListening(socket, backlog);
        return socket;
    }

    public void Bind(TestSocket socket)
    {
        var address = stackalloc byte[AddressLength];
        WriteLoopback(address, port: 0);
        Check(_bind(socket.Descriptor, address, AddressLength), "bind");
    }

    public void StartListening(TestSocket socket, int backlog = 16) =>
        Check(_listen(socket.Descriptor, backlog), "listen");

    /// <summary>A TCP connection to a listen socket; on loopback it is complete when the call returns.</summary>
    public TestSocket Connect(TestSocket listen)
    {
        var socket = CreateStream();
        ConnectTo(socket, PortOf(listen));
        return socket;
    }

    public void ConnectTo(TestSocket socket, int port)
    {
        var address = stackalloc byte[AddressLength];
        WriteLoopback(address, port);
        Check(_connect(socket.Descriptor, address, AddressLength), "connect");
    }

    public int PortOf(TestSocket socket)
    {
        var address = stackalloc byte[AddressLength];
        var length = (uint)AddressLength;
        Check(_getsockname(socket.Descriptor, address, &length), "getsockname");
        return BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(address + 2, 2));
    }

    public TestSocket Accept(TestSocket listen) => Wrap(_accept(listen.Descriptor, null, null), "accept");

    /// <summary>
    /// Both ends of a TCP connection over loopback. Without Nagle's algorithm: byte after byte it would have each wait
    /// for the acknowledgement of the last, which FreeBSD delays.
    /// </summary>
    public SocketPair ConnectPair()
    {
        using var listen = Listen();
        var peer = Connect(listen);
        var pair = new SocketPair(Accept(listen), peer);
        SetNoDelay(pair.Near);
        SetNoDelay(peer);
        return pair;
    }

    /// <summary>Both ends of a Unix stream socket pair.</summary>
    public SocketPair UnixPair()
    {
        Assert.SkipWhen(_socketpair is null, "the library exports no socketpair");
        var ends = stackalloc int[2];
        Check(_socketpair(SocketNumbers.AF_UNIX, SocketNumbers.SOCK_STREAM, 0, ends), "socketpair");
        return new SocketPair(new TestSocket(this, ends[0]), new TestSocket(this, ends[1]));
    }

    /// <summary>A pipe: the reading end is near, the writing end the peer.</summary>
    public SocketPair Pipe()
    {
        Assert.SkipWhen(_pipe is null || _write is null, "the library exports no pipe or no write");
        var ends = stackalloc int[2];
        Check(_pipe(ends), "pipe");
        return new SocketPair(new TestSocket(this, ends[0]), new TestSocket(this, ends[1]));
    }

    public TestSocket Duplicate(TestSocket socket) => Wrap(_dup(socket.Descriptor), "dup");

    /// <summary>A duplicate as a bare number, for loops that must not allocate.</summary>
    public int DuplicateNumber(int descriptor) => _dup(descriptor);

    /// <summary>Makes a number a duplicate of a descriptor, and closes what it was.</summary>
    public int DuplicateTo(int descriptor, int number) => _dup2(descriptor, number);

    /// <summary>
    /// Gives the descriptor another number, one that nobody else in the process gets: the lowest free number, which
    /// every call hands out, may be taken by any thread at any time.
    /// </summary>
    public TestSocket MoveTo(TestSocket socket, int number)
    {
        var moved = Wrap(_dup2(socket.Descriptor, number), "dup2");
        socket.Close();
        return moved;
    }

    public KernelResult Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* source = bytes)
        {
            var flags = _numbers.MsgDontWait | _numbers.MsgNoSignal;
            return Result(Transfer(_send, descriptor, source, bytes.Length, flags));
        }
    }

    /// <summary>Sends the last byte as urgent.</summary>
    public KernelResult SendUrgent(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* source = bytes)
        {
            const int MsgOutOfBand = 1;
            return Result(Transfer(_send, descriptor, source, bytes.Length, _numbers.MsgDontWait | MsgOutOfBand));
        }
    }

    public KernelResult Receive(int descriptor, Span<byte> bytes)
    {
        fixed (byte* target = bytes)
        {
            return Result(Transfer(_recv, descriptor, target, bytes.Length, _numbers.MsgDontWait));
        }
    }

    /// <summary>Looks at what is readable without taking it, which no queue notices.</summary>
    public KernelResult Peek(int descriptor, Span<byte> bytes)
    {
        fixed (byte* target = bytes)
        {
            const int MsgPeek = 2;
            return Result(Transfer(_recv, descriptor, target, bytes.Length, _numbers.MsgDontWait | MsgPeek));
        }
    }

    public KernelResult Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* source = bytes)
        {
            return Result(_write(descriptor, source, bytes.Length));
        }
    }

    public void ShutdownSend(int descriptor) => Check(_shutdown(descriptor, 1), "shutdown");

    /// <summary>Closes with a RST: lingering for no time at all.</summary>
    public void Reset(int descriptor)
    {
        var linger = stackalloc int[] { 1, 0 };
        Check(_setsockopt(descriptor, _numbers.SolSocket, _numbers.SoLinger, linger, 2 * sizeof(int)), "setsockopt");
        Close(descriptor);
    }

    public void Close(int descriptor) => Check(_close(descriptor), "close");

    private void SetNoDelay(TestSocket socket)
    {
        // The same on every system (netinet/in.h, netinet/tcp.h).
        const int IPPROTO_TCP = 6;
        const int TCP_NODELAY = 1;
        var on = 1;
        Check(_setsockopt(socket.Descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int)), "setsockopt");
    }

    private nint Transfer(
        delegate* unmanaged<int, byte*, nint, int, nint> call, int descriptor, byte* bytes, nint count, int flags)
    {
        var withAddress = (delegate* unmanaged<int, byte*, nint, int, void*, nint, nint>)call;
        return NeedsNullAddress
            ? withAddress(descriptor, bytes, count, flags, null, 0)
            : call(descriptor, bytes, count, flags);
    }

    private KernelResult Result(nint returned) => returned >= 0
        ? KernelResult.Success((int)returned)
        : KernelResult.Failure(_numbers.Errnos.ToErrno(Marshal.GetLastSystemError()));

    private TestSocket Wrap(int descriptor, string call)
    {
        Check(descriptor, call);
        return new TestSocket(this, descriptor);
    }

    private void Check(int returned, string call)
    {
        if (returned < 0)
        {
            throw new IOException($"{call} failed with {Result(returned).Error}.");
        }
    }

    private void WriteLoopback(byte* address, int port)
    {
        var bytes = new Span<byte>(address, AddressLength);
        bytes.Clear();

        // A BSD has the length in the first byte and the family in the second; Linux has two bytes of family.
        bytes[0] = _numbers.HasAddressLength ? (byte)AddressLength : (byte)SocketNumbers.AF_INET;
        bytes[1] = _numbers.HasAddressLength ? (byte)SocketNumbers.AF_INET : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)port);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], 0x7F00_0001);
    }
}
