using Kqueue.Epoll;
using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;
using static Kqueue.Interop.Libc;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Epoll;

/// <summary>What the backend has the kernel do: the number of epoll_ctl calls depends on it.</summary>
public sealed class EpollRegistrationTests : IDisposable
{
    private const int ReservedNumber = 710;

    // The kernel adds these two to every registration.
    private const uint Always = EPOLLERR | EPOLLHUP;

    private readonly KernelSockets _sockets = KernelSockets.OfSystem();
    private readonly EpollRegistrations _registrations;
    private readonly KernelQueue _queue;
    private readonly SocketPair _pair;

    public EpollRegistrationTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        _registrations = EpollRegistrations.Watch(
            () => new EpollKernelQueue(fillData: false, isPrecise: true), out var queue);
        _queue = queue;
        _pair = _sockets.ConnectPair().WithNearAt(ReservedNumber);
    }

    public void Dispose()
    {
        _pair.Dispose();
        _queue.Dispose();
    }

    [Fact]
    public void ReadClear_EventAfterEvent_TheRegistrationStaysAsItWasMade()
    {
        _queue.Apply(Changes.Read(_pair.Near, Add | Clear));
        var made = _registrations.Of(ReservedNumber);
        Assert.Equal(EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET | Always, made?.Events);

        for (var round = 0; round < 10; round++)
        {
            _pair.Peer.Send(1);
            _queue.WaitForEvent();
            _pair.Near.ReceiveExactly(1);
        }

        Assert.Equal(made, _registrations.Of(ReservedNumber));
    }

    [Fact]
    public void WriteOneShot_Fired_StaysInTheKernelsMask()
    {
        _queue.Apply(Changes.Read(_pair.Near, Add | Clear), Changes.Write(_pair.Near, Add | OneShot));

        _queue.WaitForEvent();

        Assert.Equal(
            EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT | EPOLLET | Always, _registrations.Of(ReservedNumber)?.Events);
    }

    // A level registration would be reported for ever once a duplicate keeps it behind a closed descriptor.
    [Fact]
    public void LevelKnotes_AreEdgeTriggeredInTheKernel()
    {
        _queue.Apply(Changes.Read(_pair.Near, Add), Changes.Write(_pair.Near, Add));
        _queue.WaitForEvent();
        _queue.WaitForEvent();

        Assert.Equal(
            EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT | EPOLLET | Always, _registrations.Of(ReservedNumber)?.Events);
    }

    [Fact]
    public void Delete_TheLastKnote_RemovesTheRegistration()
    {
        _queue.Apply(Changes.Read(_pair.Near, Add), Changes.Write(_pair.Near, Add));

        _queue.Apply(Changes.Read(_pair.Near, Delete), Changes.Write(_pair.Near, Delete));

        Assert.Null(_registrations.Of(ReservedNumber));
    }

    [Fact]
    public void Dispatch_DataBehindTheDisabledKnote_IsMaskedAtTheFirstUnwantedEvent()
    {
        _queue.Apply(Changes.Read(_pair.Near, Add | Dispatch));
        _pair.Peer.Send(1);
        _queue.WaitForEvent();

        _pair.Peer.Send(1);
        _pair.Near.WaitForBytes(2);
        _queue.ExpectSilence();

        Assert.Equal(EPOLLET | Always, _registrations.Of(ReservedNumber)?.Events);
    }

    // EPOLLHUP cannot be masked: a level registration without an armed knote would keep every wait from sleeping.
    [Fact]
    public void Disable_TheOnlyKnoteAndThePeerIsGone_DoesNotKeepTheWaiterAwake()
    {
        _queue.Apply(Changes.Read(_pair.Near, Add));
        _queue.Apply(Changes.Read(_pair.Near, Disable));

        _pair.Peer.Reset();
        _pair.Near.WaitForEnd();

        _queue.ExpectSilence();
        Assert.Equal(EPOLLET, _registrations.Of(ReservedNumber)?.Events & EPOLLET);
    }

    [Fact]
    public void Number_UsedAgain_HasAnotherGeneration()
    {
        _queue.Apply(Changes.Read(_pair.Near, Add | Clear));
        var first = _registrations.Of(ReservedNumber);
        _pair.Near.Close();
        Assert.Null(_registrations.Of(ReservedNumber));

        using var second = _sockets.ConnectPair().WithNearAt(ReservedNumber);
        _queue.Apply(Changes.Read(second.Near, Add | Clear));

        var data = _registrations.Of(ReservedNumber)?.Data;
        Assert.Equal(first?.Events, _registrations.Of(ReservedNumber)?.Events);
        Assert.NotEqual(first?.Data, data);
        Assert.Equal(ReservedNumber, (int)(uint)data!.Value);
    }

    // close(2) leaves the registration to the duplicate, and dup2(2) brings the number back to the same socket.
    [Fact]
    public void Number_TakenBackByADuplicate_IsRegisteredAnew()
    {
        using var duplicate = _pair.Near.Duplicate();
        _queue.Apply(Changes.Read(_pair.Near, Add | Clear, userData: 1));
        var first = _registrations.Of(ReservedNumber);
        _pair.Near.Close();
        Assert.Equal(Errno.EBADF, _queue.ApplyForResult(Changes.Read(_pair.Near, Delete)).ChangeError);

        using var back = duplicate.MoveTo(ReservedNumber);
        _pair.Peer.Send(1);
        _queue.Apply(Changes.Read(back, Add | Clear, userData: 2));

        Assert.Equal(2, _queue.WaitForEvent().UserData);
        Assert.NotEqual(first?.Data, _registrations.Of(ReservedNumber)?.Data);
    }
}
