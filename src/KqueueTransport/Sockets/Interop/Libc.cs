using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets.Interop;

/// <summary>The system's C library: the native declarations of this assembly, all of them.</summary>
/// <remarks>
/// The runtime resolves the name <c>libc</c> to the system's own file. Every signature is blittable and errno is read
/// where it is needed: a call that succeeds does not pay for it.
/// </remarks>
#pragma warning disable IDE1006 // The functions keep their C names.
internal sealed unsafe partial class Libc : SocketFunctions
{
    public override int errno => Marshal.GetLastSystemError();

    public override int accept(int descriptor, byte* address, uint* addressLength) =>
        Native.accept(descriptor, address, addressLength);

    public override int accept4(int descriptor, byte* address, uint* addressLength, int flags) =>
        Native.accept4(descriptor, address, addressLength, flags);

    public override nint recv(int descriptor, byte* buffer, nuint length, int flags) =>
        Native.recv(descriptor, buffer, length, flags);

    public override nint readv(int descriptor, IoVector* buffers, int count) =>
        Native.readv(descriptor, buffers, count);

    public override nint send(int descriptor, byte* buffer, nuint length, int flags) =>
        Native.send(descriptor, buffer, length, flags);

    public override nint sendmsg(int descriptor, MessageHeader* message, int flags) =>
        Native.sendmsg(descriptor, message, flags);

    public override int shutdown(int descriptor, int how) => Native.shutdown(descriptor, how);

    public override int close(int descriptor) => Native.close(descriptor);

    public override int connect(int descriptor, byte* address, uint addressLength) =>
        Native.connect(descriptor, address, addressLength);

    public override int getsockname(int descriptor, byte* address, uint* addressLength) =>
        Native.getsockname(descriptor, address, addressLength);

    public override int getpeername(int descriptor, byte* address, uint* addressLength) =>
        Native.getpeername(descriptor, address, addressLength);

    public override int getsockopt(int descriptor, int level, int name, void* value, uint* length) =>
        Native.getsockopt(descriptor, level, name, value, length);

    public override int setsockopt(int descriptor, int level, int name, void* value, uint length) =>
        Native.setsockopt(descriptor, level, name, value, length);

    public override int ioctl(int descriptor, nuint request) => Native.ioctl(descriptor, request);

    /// <summary>The soft limit of descriptors: everywhere, and without constants (getdtablesize(2), (3)).</summary>
    public static int getdtablesize() => Native.getdtablesize();

    private static partial class Native
    {
        [LibraryImport("libc")]
        public static partial int accept(int descriptor, byte* address, uint* addressLength);

        [LibraryImport("libc")]
        public static partial int accept4(int descriptor, byte* address, uint* addressLength, int flags);

        [LibraryImport("libc")]
        public static partial nint recv(int descriptor, byte* buffer, nuint length, int flags);

        [LibraryImport("libc")]
        public static partial nint readv(int descriptor, IoVector* buffers, int count);

        [LibraryImport("libc")]
        public static partial nint send(int descriptor, byte* buffer, nuint length, int flags);

        [LibraryImport("libc")]
        public static partial nint sendmsg(int descriptor, MessageHeader* message, int flags);

        [LibraryImport("libc")]
        public static partial int shutdown(int descriptor, int how);

        [LibraryImport("libc")]
        public static partial int close(int descriptor);

        [LibraryImport("libc")]
        public static partial int connect(int descriptor, byte* address, uint addressLength);

        [LibraryImport("libc")]
        public static partial int getsockname(int descriptor, byte* address, uint* addressLength);

        [LibraryImport("libc")]
        public static partial int getpeername(int descriptor, byte* address, uint* addressLength);

        [LibraryImport("libc")]
        public static partial int getsockopt(int descriptor, int level, int name, void* value, uint* length);

        [LibraryImport("libc")]
        public static partial int setsockopt(int descriptor, int level, int name, void* value, uint length);

        [LibraryImport("libc")]
        public static partial int ioctl(int descriptor, nuint request);

        [LibraryImport("libc")]
        public static partial int getdtablesize();
    }
}
#pragma warning restore IDE1006
