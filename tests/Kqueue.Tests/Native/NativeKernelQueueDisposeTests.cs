using System.Runtime.InteropServices;
using Kqueue.Interop;
using Kqueue.Native;

namespace Kqueue.Tests.Native;

/// <summary>A number that is closed twice may be somebody else's the second time.</summary>
public sealed unsafe class NativeKernelQueueDisposeTests
{
    private static int s_closed;

    [Fact]
    public void Dispose_TwoThreadsAtOnce_ClosesOnce()
    {
        const int Rounds = 5_000;
        var abi = KqueueAbi.Darwin;
        var calls = new KqueueCalls
        {
            Kqueue = (nint)(delegate* unmanaged<int>)&Kqueue,
            Kevent = (nint)(delegate* unmanaged<int, void*, int, void*, int, TimeSpec*, int>)&Kevent,
            Close = (nint)(delegate* unmanaged<int, int>)&Close,
        };
        var queues = Enumerable.Range(0, Rounds).Select(_ => new NativeKernelQueue(abi, calls)).ToArray();
        using var round = new Barrier(2);

        var other = new Thread(DisposeAll);
        other.Start();
        DisposeAll();
        other.Join();

        Assert.Equal(Rounds, s_closed);

        void DisposeAll()
        {
            foreach (var queue in queues)
            {
                round.SignalAndWait();
                queue.Dispose();
            }
        }
    }

    [UnmanagedCallersOnly]
    private static int Kqueue() => 0;

    [UnmanagedCallersOnly]
    private static int Close(int queue) => Interlocked.Increment(ref s_closed) & queue;

    [UnmanagedCallersOnly]
    private static int Kevent(
        int queue, void* changes, int changeCount, void* events, int eventCount, TimeSpec* timeout)
    {
        var layout = KEventLayout.Darwin;
        if (changeCount == 0 ||
            layout.Read(new ReadOnlySpan<byte>(changes, layout.Size), 0) is not { Ident: -1 } change)
        {
            return 0;
        }

        var answer = change with { Flags = KEventFlags.Error, Data = (long)Errno.EBADF };
        layout.Write(new Span<byte>(events, layout.Size), 0, answer);
        return 1;
    }
}
