using Kqueue.Epoll;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Epoll;

/// <summary>What a reader hears of urgent data, at whose mark a receive stops although bytes are behind it.</summary>
public sealed class EpollUrgentDataTests : IDisposable
{
    private readonly KernelSockets _sockets = KernelSockets.OfSystem();
    private readonly KernelQueue _queue;
    private readonly SocketPair _pair;
    private readonly SocketPair _other;

    public EpollUrgentDataTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        _queue = new EpollKernelQueue(fillData: false, isPrecise: true);
        _pair = _sockets.ConnectPair();
        _other = _sockets.ConnectPair();
    }

    public void Dispose()
    {
        _pair.Dispose();
        _other.Dispose();
        _queue.Dispose();
    }

    [Fact]
    public void ReadClear_AMarkIsAmongTheBytes_IsSaidUntilItIsPassed()
    {
        SendAroundAMark(_pair);
        _queue.Apply(Changes.Read(_pair.Near, Add | Clear));

        Assert.Equal(Clear | OutOfBand, _queue.WaitForEvent().Flags);

        Assert.Equal(2, _pair.Near.Receive(100).Value);
        _pair.Near.ReceiveExactly(3);
        _pair.Peer.Send(1);
        Assert.Equal(Clear, _queue.WaitForEvent().Flags);
    }

    // The urgent byte is nothing to read, and neither may it keep the waiter awake.
    [Theory]
    [InlineData(None)]
    [InlineData(Clear)]
    [InlineData(OneShot)]
    public void Read_OnlyAnUrgentByteIsIn_IsSilent(KEventFlags mode)
    {
        _queue.Apply(Changes.Read(_pair.Near, Add | mode));

        _pair.Peer.SendUrgent();

        _queue.ExpectSilence();
        _pair.Peer.Send(1);
        Assert.Equal(KEventFilter.Read, _queue.WaitForEvent().Filter);
    }

    // What finds no room in the list is asked for by poll(2) at the next call.
    [Fact]
    public void ReadClear_TheEventListIsFull_IsSaidByTheNextCall()
    {
        SendAroundAMark(_pair);
        SendAroundAMark(_other);
        _queue.Apply(Changes.Read(_pair.Near, Add | Clear), Changes.Read(_other.Near, Add | Clear));
        var events = new KEvent[1];

        for (var call = 0; call < 2; call++)
        {
            Assert.Equal(1, _queue.Kevent([], events, timeoutNs: 0));
            Assert.Equal(Clear | OutOfBand, events[0].Flags);
        }
    }

    private static void SendAroundAMark(SocketPair pair)
    {
        pair.Peer.Send(2);
        pair.Peer.SendUrgent();
        pair.Peer.Send(3);
        pair.Near.WaitForBytes(2);

        // The mark may be on its way, and only another queue sees that it has come.
        using var observer = new EpollKernelQueue(fillData: false, isPrecise: true);
        observer.Apply(Changes.Read(pair.Near, Add | Clear));
        while ((observer.WaitForEvent().Flags & OutOfBand) == 0)
        {
        }
    }
}
