using Kqueue.Epoll;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Epoll;

/// <summary>What a queue remembers of descriptors grows with those that are open, not with those that were.</summary>
public sealed class EpollTableTests
{
    private const int Descriptors = 200_000;

    private readonly KernelSockets _sockets = KernelSockets.OfSystem();

    public EpollTableTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");

    // Each queue sees all numbers in turn, some hundred at a time, and is never told of a close.
    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    public void Table_DescriptorsComeAndGo_HasRoomForThoseThatAreOpen(int queueCount)
    {
        const int OpenAtATime = 512;
        var queues = Enumerable.Range(0, queueCount)
            .Select(_ => new EpollKernelQueue(fillData: false, isPrecise: true)).ToArray();
        var open = new Queue<TestSocket>();

        for (var i = 0; i < Descriptors; i++)
        {
            var socket = _sockets.CreateDatagram();
            queues[(int)((uint)i * 2_654_435_761u % (uint)queueCount)].Apply(Changes.Read(socket, Add | Clear));
            open.Enqueue(socket);
            if (open.Count > OpenAtATime)
            {
                open.Dequeue().Dispose();
            }
        }

        // A queue has some 512 / queueCount that are open, and a sweep begins at twice as many.
        Assert.All(queues, queue => Assert.InRange(queue.TableLength, 1, 256));
        Array.ForEach(queues, queue => queue.Dispose());
        while (open.TryDequeue(out var socket))
        {
            socket.Dispose();
        }
    }

    [Fact]
    public void Table_ManyAreOpen_KeepsThemAll()
    {
        const int Count = 700;
        using var queue = new EpollKernelQueue(fillData: false, isPrecise: true);
        using var pair = _sockets.UnixPair();
        var numbers = Enumerable.Range(0, Count).Select(_ => _sockets.DuplicateNumber(pair.Near.Descriptor)).ToArray();
        queue.Apply([.. numbers.Select(number => new KEvent(number, KEventFilter.Read, Add | Clear))]);

        pair.Peer.Send(1);

        var seen = new HashSet<nint>();
        while (seen.Count < Count)
        {
            seen.UnionWith(queue.WaitForEvents(capacity: 1024).Select(reported => reported.Ident));
        }

        Assert.Equal(Count, queue.TableLength);
        Array.ForEach(numbers, _sockets.Close);
    }

    [Fact]
    public void ForgetDescriptor_OwnerCloses_TheKnotesAreGone()
    {
        using var queue = new EpollKernelQueue(fillData: false, isPrecise: true);
        using var pair = _sockets.ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));

        queue.ForgetDescriptor(pair.Near.Descriptor, userData: 0);
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);

        queue.ExpectSilence();
        queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: 2));
        Assert.Equal(2, queue.WaitForEvent().UserData);
    }

    // The number of a process or a timer may be that of a descriptor, too.
    [Fact]
    public void ForgetDescriptor_OfAnotherOwner_LeavesTheKnotes()
    {
        using var queue = new EpollKernelQueue(fillData: false, isPrecise: true);
        using var pair = _sockets.ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: 1));

        queue.ForgetDescriptor(pair.Near.Descriptor, userData: 2);
        pair.Peer.Send(1);

        Assert.Equal(1, queue.WaitForEvent().UserData);
    }

    [Fact]
    public void Register_ProcessBeyondTheirNumbers_IsAnsweredWithESRCH()
    {
        using var queue = new EpollKernelQueue(fillData: false, isPrecise: true);
        var ident = (nint)((1L << 32) + Environment.ProcessId);

        var result = queue.ApplyForResult(new KEvent(ident, KEventFilter.Process, Add, KEventNotes.Exited));

        Assert.Equal(Errno.ESRCH, result.ChangeError);
    }
}
