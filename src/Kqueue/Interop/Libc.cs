using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <summary>The calls into the system's C library, each with its result as a value.</summary>
internal static partial class Libc
{
    // The runtime maps exactly this name to the file that holds the C library, on glibc, musl, macOS and FreeBSD
    // alike: "libc.so" is a linker script on some of them (dotnet/runtime, coreclr pal module.cpp, FixLibCName).
    private const string LibraryName = "libc";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static KernelResult Result(int returned) =>
        returned >= 0 ? KernelResult.Success(returned) : LastFailure();

    // Must follow the failed call at once: the runtime keeps errno over the way back into managed code only.
    private static KernelResult LastFailure() => KernelResult.Failure((Errno)Marshal.GetLastSystemError());
}
