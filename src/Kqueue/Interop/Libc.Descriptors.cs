using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>What the epoll backend asks a descriptor. The numbers are Linux's.</content>
internal static unsafe partial class Libc
{
    public const int FIONREAD = 0x541B;
    public const int SIOCOUTQ = 0x5411;
    public const uint POLLNVAL = 0x020;
    public const int SOL_SOCKET = 1;
    public const int SO_TYPE = 3;
    public const int SO_SNDBUF = 7;
    public const int IPPROTO_TCP = 6;
    public const int TCP_INFO = 11;

    public static Errno Close(int descriptor) => Result(close(descriptor)).Error;

    /// <summary>An ioctl(2) that answers with one number.</summary>
    // The C function is variadic; on Linux that makes no difference for an integer or a pointer (see Libc.Epoll.cs).
    public static Errno ControlQuery(int descriptor, uint request, out int answer)
    {
        fixed (int* target = &answer)
        {
            return Result(ioctl(descriptor, request, target)).Error;
        }
    }

    public static Errno GetSocketOption(int descriptor, int level, int name, Span<byte> value)
    {
        fixed (byte* target = value)
        {
            var length = (uint)value.Length;
            return Result(getsockopt(descriptor, level, name, target, &length)).Error;
        }
    }

    public static Errno GetSocketOption(int descriptor, int level, int name, out int value)
    {
        fixed (int* target = &value)
        {
            return GetSocketOption(descriptor, level, name, new Span<byte>(target, sizeof(int)));
        }
    }

    /// <summary>What is true of a descriptor right now, as poll(2) has it. Its bits are those of epoll.</summary>
    public static uint PollNow(int descriptor, uint events)
    {
        var entry = new PollEntry { Descriptor = descriptor, Events = (short)events };
        return Result(poll(&entry, 1, 0)).IsError ? 0u : (ushort)entry.ReturnedEvents;
    }

    [LibraryImport(LibraryName)]
    private static partial int close(int descriptor);

    [LibraryImport(LibraryName)]
    private static partial int ioctl(int descriptor, nuint request, void* argument);

    [LibraryImport(LibraryName)]
    private static partial int getsockopt(int descriptor, int level, int name, void* value, uint* length);

    [LibraryImport(LibraryName)]
    private static partial int poll(PollEntry* entries, nuint count, int timeoutMs);

    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
