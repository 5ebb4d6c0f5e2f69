using System.Runtime.InteropServices;
using Kqueue.Interop;

namespace Kqueue.EventLoops.Threads;

/// <summary>
/// Which processor each loop of a group runs on. A thread moves there when it is given the loop; one that a loop was
/// taken from stays until it is given another.
/// </summary>
internal sealed class LoopProcessors
{
    // The kernel refuses a mask that is shorter than its own: 8192 bits at most (NR_CPUS, arch/x86/Kconfig).
    private const int MaskBytes = 1024;

    // Immutable. What the process may run on, from before any thread was moved.
    private readonly byte[] _allowed = new byte[MaskBytes];
    private readonly Dictionary<EventLoop, byte[]> _masks = [];

    /// <param name="loops">The loops, which take the processors in turn.</param>
    /// <param name="processors">Their numbers.</param>
    /// <exception cref="ArgumentException">A processor that this process may not run on.</exception>
    /// <exception cref="PlatformNotSupportedException">The system does not pin threads.</exception>
    public LoopProcessors(EventLoop[] loops, IReadOnlyList<int> processors)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(
                $"Processors are given, but {RuntimeInformation.OSDescription} does not pin event loops. Leave them " +
                "out on this system.");
        }

        var error = Libc.GetProcessors(_allowed);
        if (error != Errno.None)
        {
            KernelQueueException.Throw("sched_getaffinity", error, "processors");
        }

        for (var i = 0; i < loops.Length; i++)
        {
            _masks[loops[i]] = MaskOf(processors[i % processors.Count]);
        }
    }

    /// <summary>Moves the calling thread to the loop's processor.</summary>
    // It can fail only when the process loses the processor later (cpuset(7)); then the kernel chooses.
    public void MoveTo(EventLoop loop) => _ = Libc.SetProcessors(_masks[loop]);

    private byte[] MaskOf(int processor)
    {
        var (index, bit) = (processor / 8, (byte)(1 << (processor % 8)));
        if (processor is < 0 or >= MaskBytes * 8 || (_allowed[index] & bit) == 0)
        {
            throw new ArgumentException(
                $"This process may not run on processor {processor}. It may on {string.Join(", ", Allowed())}.");
        }

        var mask = new byte[MaskBytes];
        mask[index] = bit;
        return mask;
    }

    private IEnumerable<int> Allowed() =>
        Enumerable.Range(0, MaskBytes * 8).Where(processor => (_allowed[processor / 8] & (1 << (processor % 8))) != 0);
}
