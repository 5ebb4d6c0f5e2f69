using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>pidfd_open(2) and waitid(2). The numbers are Linux's.</content>
internal static unsafe partial class Libc
{
    public const int P_PIDFD = 3;
    public const int WNOHANG = 1;
    public const int WEXITED = 4;
    public const int WNOWAIT = 0x0100_0000;
    public const int CLD_EXITED = 1;
    public const int CLD_DUMPED = 3;

    // The same number on x64 and arm64; since Linux 5.3.
    private const int SYS_pidfd_open = 434;

    // siginfo_t, with the fields of SIGCHLD (asm-generic/siginfo.h).
    private const int SignalInfoBytes = 128;
    private const int CodeOffset = 8;
    private const int ProcessOffset = 16;
    private const int StatusOffset = 24;

    /// <summary>A descriptor of a process, close-on-exec.</summary>
    public static KernelResult ProcessDescriptorOpen(int process) =>
        Result((int)syscall(SYS_pidfd_open, process, 0, 0, 0, 0, 0));

    /// <summary>
    /// The status of a process that has ended, as wait(2) has it, which stays for whoever waits for it; 0 for another
    /// process's child, or where somebody has waited already.
    /// </summary>
    public static int ExitStatus(int processDescriptor)
    {
        var info = stackalloc byte[SignalInfoBytes];
        Unsafe.InitBlock(info, 0, SignalInfoBytes);
        if (Result(waitid(P_PIDFD, processDescriptor, info, WEXITED | WNOHANG | WNOWAIT)).IsError ||
            Unsafe.ReadUnaligned<int>(info + ProcessOffset) == 0)
        {
            return 0;
        }

        var status = Unsafe.ReadUnaligned<int>(info + StatusOffset);
        return Unsafe.ReadUnaligned<int>(info + CodeOffset) switch
        {
            CLD_EXITED => (status & 0xFF) << 8,
            CLD_DUMPED => status | 0x80,
            _ => status,
        };
    }

    [LibraryImport(LibraryName)]
    private static partial int waitid(int kind, int id, void* info, int options);
}
