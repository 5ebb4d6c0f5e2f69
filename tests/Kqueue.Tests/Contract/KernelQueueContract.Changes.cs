using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Fact]
    public void Change_NoSuchKnote_IsAnsweredWithENOENT()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();

        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Read(pair.Near, Delete)).ChangeError);
        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Write(pair.Near, Enable)).ChangeError);
        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Timer(4711, Delete, KEventNotes.None, 0)).ChangeError);
    }

    [Fact]
    public void Change_NoSuchKnoteBesideAnother_IsAnsweredWithENOENT()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add));

        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Write(pair.Near, Delete)).ChangeError);
    }

    [Fact]
    public void Change_NoDescriptor_IsAnsweredWithEBADFAndTheChangesOwnFields()
    {
        Requires(KernelTrait.BadDescriptorIsEBADF);
        var queue = CreateQueue();

        var result = queue.ApplyForResult(new KEvent(-1, KEventFilter.Read, Add, userData: 77));

        Assert.Equal(Error, result.Flags & Error);
        Assert.Equal(Errno.EBADF, result.ChangeError);
        Assert.Equal((-1, KEventFilter.Read, 77), (result.Ident, result.Filter, result.UserData));
    }

    [Fact]
    public void Change_NumberBeyondAnyLimit_IsAnsweredWithEBADF()
    {
        Requires(KernelTrait.BadDescriptorIsEBADF);
        var queue = CreateQueue();

        var result = queue.ApplyForResult(new KEvent(int.MaxValue, KEventFilter.Write, Add));

        Assert.Equal(Errno.EBADF, result.ChangeError);
    }

    [Fact]
    public void Change_ClosedDescriptor_IsAnsweredWithEBADF()
    {
        Requires(KernelTrait.BadDescriptorIsEBADF);
        var queue = CreateQueue();
        var pair = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        pair.Near.Close();

        Assert.Equal(Errno.EBADF, queue.ApplyForResult(Changes.Read(pair.Near, Add)).ChangeError);
        Assert.Equal(Errno.EBADF, queue.ApplyForResult(Changes.Write(pair.Near, Add)).ChangeError);
    }

    [Fact]
    public void Change_FailsWithRoom_TheOthersAreApplied()
    {
        Requires(KernelTrait.BadDescriptorIsEBADF);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        var events = new KEvent[4];

        var count = queue.Kevent(
            [new KEvent(-1, KEventFilter.Read, Add), Changes.Read(pair.Near, Add | Clear)], events, timeoutNs: -1);

        Assert.Equal(1, count);
        Assert.Equal(Errno.EBADF, events[0].ChangeError);
        Assert.Equal(pair.Near.Ident, queue.WaitForEvent().Ident);
    }

    [Fact]
    public void Change_FailsWithoutRoom_ThrowsAndDropsTheRest()
    {
        Requires(KernelTrait.BadDescriptorIsEBADF);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);

        var failure = Assert.Throws<KernelQueueException>(() => queue.Kevent(
            [new KEvent(-1, KEventFilter.Read, Add), Changes.Read(pair.Near, Add)], [], timeoutNs: 0));

        Assert.Equal(Errno.EBADF, failure.Error);
        Assert.Contains(queue.BackendName, failure.Message, StringComparison.Ordinal);
        queue.ExpectSilence();
    }

    [Fact]
    public void TryKevent_ChangeFailsWithoutRoom_IsAValue()
    {
        Requires(KernelTrait.BadDescriptorIsEBADF);
        var queue = CreateQueue();

        var result = queue.TryKevent([new KEvent(-1, KEventFilter.Read, Add)], [], timeoutNs: 0);

        Assert.Equal(Errno.EBADF, result.Error);
    }

    [Fact]
    public void Receipt_RoomForAll_OneEntryEachAndReadinessIsHeldBack()
    {
        Requires(KernelTrait.BadDescriptorIsEBADF);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        var events = new KEvent[8];

        var count = queue.Kevent(
            [
                Changes.Read(pair.Near, Add | Clear | Receipt, userData: 1),
                new KEvent(-1, KEventFilter.Read, Add | Receipt),
                Changes.Write(pair.Near, Add | OneShot | Receipt),
            ],
            events,
            timeoutNs: -1);

        Assert.Equal(3, count);
        Assert.All(events[..3], entry => Assert.Equal(Error, entry.Flags & Error));
        Assert.Equal([Errno.None, Errno.EBADF, Errno.None], events[..3].Select(entry => entry.ChangeError));
        Assert.Equal(2, queue.WaitForEvents().Length);
    }

    [Fact]
    public void Receipt_SameListForBoth_IsAnsweredInPlace()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        KEvent[] list =
        [
            Changes.Read(pair.Near, Add | Receipt, userData: 1),
            Changes.Write(pair.Near, Add | Receipt, userData: 2),
        ];

        Assert.Equal(2, queue.Kevent(list, list, timeoutNs: 0));

        Assert.Equal([(nint)1, 2], list.Select(entry => entry.UserData));
        Assert.All(list, entry => Assert.Equal((Error, Errno.None), (entry.Flags & Error, entry.ChangeError)));
    }

    [Fact]
    public void Receipt_LaterEvents_SayReceipt()
    {
        Requires(KernelTrait.ReceiptIsRemembered);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.ApplyForResult(Changes.Read(pair.Near, Add | Receipt));

        pair.Peer.Send(1);

        Assert.Equal(Receipt, queue.WaitForEvent().Flags & Receipt);
    }

    // FreeBSD and NetBSD stop after the first change then, and report success.
    [Fact]
    public void Receipt_NoRoomForAll_IsRefusedBeforeAnyChange()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);

        Assert.Throws<ArgumentException>(() => queue.Kevent(
            [Changes.Read(pair.Near, Add), Changes.Write(pair.Near, Add | Receipt)], new KEvent[1], timeoutNs: 0));

        queue.ExpectSilence();
    }

    [Theory]
    [InlineData(Add | Enable | Disable)]
    [InlineData(Add | Delete)]
    public void Change_Contradiction_IsRefused(KEventFlags flags)
    {
        var queue = CreateQueue();
        var pair = ConnectPair();

        Assert.Throws<ArgumentException>(() => queue.Apply(Changes.Read(pair.Near, flags)));
        Assert.Throws<ArgumentException>(() => queue.Apply(Changes.User(1, flags)));
    }

    [Fact]
    public void Change_LongList_IsAppliedWhole()
    {
        var queue = CreateQueue();
        var changes = Enumerable.Range(0, 300)
            .Select(ident => Changes.Timer(ident, Add | Receipt, KEventNotes.Seconds, data: 3600, userData: ident))
            .ToArray();
        var results = new KEvent[300];

        Assert.Equal(300, queue.Kevent(changes, results, timeoutNs: 0));

        Assert.Equal(Enumerable.Range(0, 300).Select(ident => (nint)ident), results.Select(entry => entry.UserData));
        Assert.All(results, entry => Assert.Equal(Errno.None, entry.ChangeError));
    }

    [Fact]
    public void Close_WatchedDescriptor_RemovesItsKnotes()
    {
        Requires(KernelTrait.CloseRemovesKnotes);
        var queue = CreateQueue();
        var pair = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        queue.Apply(Changes.Read(pair.Near, Add), Changes.Write(pair.Near, Add | Disable));
        pair.Peer.Send(1);
        queue.WaitForEvent();

        pair.Near.Close();

        queue.ExpectSilence();
        Assert.Equal(Errno.EBADF, queue.ApplyForResult(Changes.Read(pair.Near, Delete)).ChangeError);
    }

    [Fact]
    public void Close_ActiveKnote_ItsEventDisappears()
    {
        Requires(KernelTrait.CloseRemovesKnotes);
        var queue = CreateQueue();
        var pair = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        queue.Apply(Changes.Read(pair.Near, Add | Clear), Changes.Write(pair.Near, Add | Clear));
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        Assert.Single(queue.WaitForEvents(capacity: 1));

        // One of the two was delivered, the other waits in the queue.
        pair.Near.Close();

        queue.ExpectSilence();
    }

    // A knote that waits in the queue is asked again at the next call, and may then meet another descriptor.
    [Theory]
    [InlineData(Clear)]
    [InlineData(None)]
    public void Close_ActiveKnoteAndTheNumberIsUsedAgain_ItsEventDisappears(KEventFlags mode)
    {
        Requires(KernelTrait.CloseRemovesKnotes);
        var queue = CreateQueue();
        var pair = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        queue.Apply(Changes.Read(pair.Near, Add | mode), Changes.Write(pair.Near, Add | mode));
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        Assert.Single(queue.WaitForEvents(capacity: 1));

        pair.Near.Close();
        var second = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        second.Peer.Send(1);
        second.Near.WaitForBytes(1);

        queue.ExpectSilence();
        queue.ExpectSilence();
    }

    [Fact]
    public void Close_NumberIsUsedAgain_TheNewDescriptorIsSilentUntilAdded()
    {
        Requires(KernelTrait.CloseRemovesKnotes);
        var queue = CreateQueue();

        var second = UseNumberAgain(queue);
        queue.ExpectSilence();
        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Read(second.Near, Enable)).ChangeError);

        queue.Apply(Changes.Read(second.Near, Add | Clear, userData: 2));
        Assert.Equal(2, queue.WaitForEvent().UserData);
        queue.ExpectSilence();
    }

    [Fact]
    public void Close_NumberIsUsedAgainForTheOtherFilter_TheOldKnoteIsGone()
    {
        Requires(KernelTrait.CloseRemovesKnotes);
        var queue = CreateQueue();

        var second = UseNumberAgain(queue);
        queue.Apply(Changes.Write(second.Near, Add | OneShot, userData: 2));

        Assert.Equal(2, queue.WaitForEvent().UserData);
        queue.ExpectSilence();
    }

    [Fact]
    public void Close_DuplicateKeepsTheSocket_RemovesTheKnotes()
    {
        Requires(KernelTrait.CloseOfDuplicatedRemovesKnotes);
        var queue = CreateQueue();
        var pair = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        var duplicate = Own(pair.Near.Duplicate());

        pair.Near.Close();
        pair.Peer.Send(1);
        duplicate.WaitForBytes(1);

        queue.ExpectSilence();
    }

    [Fact]
    public void SmallList_ManyReady_AllComeInTurn()
    {
        var queue = CreateQueue();
        var pairs = Enumerable.Range(0, 6).Select(_ => ConnectPair()).ToArray();
        foreach (var pair in pairs)
        {
            queue.Apply(Changes.Read(pair.Near, Add));
            pair.Peer.Send(1);
            pair.Near.WaitForBytes(1);
        }

        // Nothing is read, so everything stays ready: a list of two must not serve the same two for ever.
        var seen = new HashSet<nint>();
        for (var call = 0; call < 3; call++)
        {
            seen.UnionWith(queue.WaitForEvents(capacity: 2).Select(entry => entry.Ident));
        }

        Assert.Equal(6, seen.Count);
    }

    /// <summary>Adds READ to a descriptor, closes it, and gives its number to another one that has a byte.</summary>
    private SocketPair UseNumberAgain(KernelQueue queue)
    {
        var first = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        queue.Apply(Changes.Read(first.Near, Add | Clear, userData: 1));
        first.Near.Close();

        var second = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        second.Peer.Send(1);
        second.Near.WaitForBytes(1);
        return second;
    }
}
