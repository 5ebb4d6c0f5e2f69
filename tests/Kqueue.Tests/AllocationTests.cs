using System.Runtime.InteropServices;
using Kqueue.Interop;
using Kqueue.Native;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests;

/// <summary>What happens once per event allocates nothing.</summary>
public sealed unsafe class AllocationTests
{
    private const int Rounds = 1_000;

    [Fact]
    public void Kevent_TriggerReadAndOneShotWrite_AllocateNothing()
    {
        using var queue = KernelQueue.Create(KernelUnderTest.Options());
        using var pair = KernelUnderTest.Sockets.ConnectPair();
        var (read, write, trigger) =
            (Changes.Read(pair.Near, Add | Clear), Changes.Write(pair.Near, Add | OneShot), Changes.Trigger(1));
        queue.Apply(Changes.User(1, Add | Clear));
        queue.Apply(read);
        var events = new KEvent[8];
        var data = new byte[1];

        Assert.Equal(0, AllocatedBy(() =>
        {
            queue.Kevent([trigger], [], timeoutNs: 0);
            queue.Kevent([], events);
            queue.Kevent([write], events);
            KernelUnderTest.Sockets.Send(pair.Peer.Descriptor, data);
            queue.Kevent([], events);
            KernelUnderTest.Sockets.Receive(pair.Near.Descriptor, data);
        }));
    }

    // A connection's whole life on a number that was in use before.
    [Fact]
    public void Kevent_AddOfAReusedDescriptor_AllocatesNothing()
    {
        using var queue = KernelQueue.Create(KernelUnderTest.Options());
        using var source = KernelUnderTest.Sockets.CreateDatagram();
        var sockets = KernelUnderTest.Sockets;

        Assert.Equal(0, AllocatedBy(() =>
        {
            var number = sockets.DuplicateNumber(source.Descriptor);
            queue.Kevent([new KEvent(number, KEventFilter.Read, Add | Clear)], [], timeoutNs: 0);
            queue.Kevent([new KEvent(number, KEventFilter.Read, Delete)], [], timeoutNs: 0);
            sockets.Close(number);
        }));
    }

    [Theory]
    [InlineData("darwin")]
    [InlineData("freebsd")]
    [InlineData("netbsd")]
    public void NativeKevent_ChangesAndEvents_AllocateNothing(string layout)
    {
        var abi = KqueueAbi.Of(layout);
        using var queue = new NativeKernelQueue(abi, QuietKernel.CallsOf(layout));
        var changes = new KEvent[64];
        Array.Fill(changes, new KEvent(1, KEventFilter.Read, Add | Clear));
        var events = new KEvent[1_024];

        Assert.Equal(0, AllocatedBy(() => queue.Kevent(changes, events)));
    }

    private static long AllocatedBy(Action round)
    {
        // Long enough for the compiler's tiers to have come and gone.
        for (var i = 0; i < Rounds; i++)
        {
            round();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            round();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Refuses the bad descriptor of the self-check and otherwise has nothing to say.</summary>
    private static class QuietKernel
    {
        public static KqueueCalls CallsOf(string layout) => new()
        {
            Kqueue = (nint)(delegate* unmanaged<int>)&Kqueue,
            Kevent = layout switch
            {
                "freebsd" => (nint)(delegate* unmanaged<int, void*, int, void*, int, void*, int>)&KeventFreeBsd,
                "netbsd" => (nint)(delegate* unmanaged<int, void*, nuint, void*, nuint, void*, int>)&KeventNetBsd,
                _ => (nint)(delegate* unmanaged<int, void*, int, void*, int, void*, int>)&KeventDarwin,
            },
            Close = (nint)(delegate* unmanaged<int, int>)&Close,
        };

        [UnmanagedCallersOnly]
        private static int Kqueue() => 0;

        [UnmanagedCallersOnly]
        private static int Close(int queue) => queue;

        [UnmanagedCallersOnly]
        private static int KeventDarwin(
            int queue, void* changes, int changeCount, void* events, int eventCount, void* timeout) =>
            Refuse(KEventLayout.Darwin, changes, changeCount, events);

        [UnmanagedCallersOnly]
        private static int KeventFreeBsd(
            int queue, void* changes, int changeCount, void* events, int eventCount, void* timeout) =>
            Refuse(KEventLayout.FreeBsd, changes, changeCount, events);

        [UnmanagedCallersOnly]
        private static int KeventNetBsd(
            int queue, void* changes, nuint changeCount, void* events, nuint eventCount, void* timeout) =>
            Refuse(KEventLayout.NetBsd, changes, (int)changeCount, events);

        private static int Refuse(KEventLayout layout, void* changes, int changeCount, void* events)
        {
            if (changeCount != 1 ||
                layout.Read(new ReadOnlySpan<byte>(changes, layout.Size), 0) is not { Ident: -1 } change)
            {
                return 0;
            }

            var answer = change with { Flags = Error, Data = (long)Errno.EBADF };
            layout.Write(new Span<byte>(events, layout.Size), 0, answer);
            return 1;
        }
    }
}
