using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Fact]
    public void Write_RoomInTheBuffer_IsReportedWithTheFreeSpace()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();

        queue.Apply(Changes.Write(pair.Near, Add, userData: 9));

        var reported = queue.WaitForEvent();
        Assert.Equal((KEventFilter.Write, (nint)9), (reported.Filter, reported.UserData));
        Requires(KernelTrait.FreeSpace);
        Assert.InRange(reported.Data, 1, int.MaxValue);
    }

    [Fact]
    public void Write_NoRoom_IsReportedWhenThePeerReads()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        var sent = pair.Near.Fill();
        queue.Apply(Changes.Write(pair.Near, Add | OneShot));

        // The peer's stack may come late to what it takes over, and there is room again.
        for (var refills = 0; queue.Poll().Length > 0; refills++)
        {
            Assert.True(refills < 100, "A socket without room is reported.");
            sent += pair.Near.Fill();
            queue.Apply(Changes.Write(pair.Near, Add | OneShot));
        }

        pair.Peer.ReceiveExactly(sent);

        Assert.Equal(KEventFilter.Write, queue.WaitForEvent().Filter);
        queue.ExpectSilence();
    }

    // Arms WRITE again and again, as a writer does that meets would-block again and again.
    [Fact]
    public void WriteOneShot_ArmedAfterEveryWouldBlock_ReportsEveryTime()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: 1));
        for (var round = 0; round < 20; round++)
        {
            var sent = pair.Near.Fill();
            queue.Apply(Changes.Write(pair.Near, Add | OneShot, userData: 2));
            pair.Peer.ReceiveExactly(sent);
            Assert.Equal((KEventFilter.Write, (nint)2), KeyOf(queue.WaitForEvent()));
        }

        static (KEventFilter, nint) KeyOf(KEvent reported) => (reported.Filter, reported.UserData);
    }

    [Fact]
    public void WriteOneShot_FiredAndDataComesIn_OnlyReadIsReported()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear), Changes.Write(pair.Near, Add | OneShot));
        Assert.Equal(KEventFilter.Write, queue.WaitForEvent().Filter);

        pair.Peer.Send(1);

        Assert.Equal(KEventFilter.Read, queue.WaitForEvent().Filter);
    }

    [Fact]
    public void WriteClear_Armed_IsReportedOnce()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();

        queue.Apply(Changes.Write(pair.Near, Add | Clear));

        queue.WaitForEvent();
        queue.ExpectSilence();
    }

    [Fact]
    public void WriteClear_PeerAcknowledges_IsReportedAgain()
    {
        Requires(KernelTrait.AcknowledgementsReportWrite);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Write(pair.Near, Add | Clear));
        queue.WaitForEvent();
        for (var round = 0; round < 50; round++)
        {
            pair.Near.Send(100);
            pair.Peer.ReceiveExactly(100);
            pair.Peer.Send(1);

            Assert.Equal(KEventFilter.Write, queue.WaitForEvent().Filter);
        }
    }

    [Fact]
    public void WriteClear_DataComesIn_StaysSilent()
    {
        Requires(KernelTrait.ReceivingLeavesWriteSilent);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Write(pair.Near, Add | Clear));
        queue.WaitForEvent();

        pair.Peer.Send(100);
        pair.Near.WaitForBytes(100);

        queue.ExpectSilence();
    }

    [Fact]
    public void WriteClear_DisabledThenEnabled_IsReportedOnce()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Write(pair.Near, Add | Clear));
        queue.WaitForEvent();

        queue.Apply(Changes.Write(pair.Near, Disable));
        pair.Near.Send(100);
        pair.Peer.ReceiveExactly(100);
        queue.ExpectSilence();

        queue.Apply(Changes.Write(pair.Near, Enable));
        queue.WaitForEvent();
        queue.ExpectSilence();
    }

    [Fact]
    public void ReadAndWrite_BothReady_ReadComesFirst()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);

        queue.Apply(
            Changes.Write(pair.Near, Add | Clear, userData: 2),
            Changes.Read(pair.Near, Add | Clear, userData: 1));

        var reported = queue.WaitForEvents();
        Assert.Equal(2, reported.Length);
        Requires(KernelTrait.ReadComesFirst);
        Assert.Equal([(nint)1, 2], reported.Select(entry => entry.UserData));
    }

    [Fact]
    public void ReadAndWrite_ListOfOne_BothComeOneAfterTheOther()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        queue.Apply(Changes.Read(pair.Near, Add | Clear), Changes.Write(pair.Near, Add | Clear));

        var first = Assert.Single(queue.WaitForEvents(capacity: 1));
        var second = Assert.Single(queue.WaitForEvents(capacity: 1));

        Assert.Equal([KEventFilter.Write, KEventFilter.Read], new[] { first.Filter, second.Filter }.Order());
        queue.ExpectSilence();
    }

    [Fact]
    public void WriteClear_ReadAddedLater_IsNotReportedAgain()
    {
        Requires(KernelTrait.FiltersAreIndependent);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Write(pair.Near, Add | Clear));
        queue.WaitForEvent();

        queue.Apply(Changes.Read(pair.Near, Add | Clear));

        queue.ExpectSilence();
    }

    [Fact]
    public void ReadLevelBesideWriteClear_UnreadBytes_OnlyReadIsReportedAgain()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        queue.Apply(Changes.Read(pair.Near, Add), Changes.Write(pair.Near, Add | Clear));
        Assert.Equal(2, queue.WaitForEvents().Length);

        for (var call = 0; call < 3; call++)
        {
            Assert.Equal(KEventFilter.Read, queue.WaitForEvent().Filter);
        }

        pair.Near.ReceiveExactly(1);
        queue.ExpectSilence();
        pair.Peer.Send(2);
        Assert.Equal(2, queue.WaitForEvents()[0].Data);
    }

    [Fact]
    public void Write_DatagramSocket_IsReported()
    {
        var queue = CreateQueue();
        var socket = Own(Sockets.CreateDatagram());

        queue.Apply(Changes.Write(socket, Add | OneShot));

        Assert.Equal(None, queue.WaitForEvent().Flags & Eof);
    }

    [Fact]
    public void ReadAndWrite_SocketNeverConnected_AreSilentUntilItConnects()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var listen = Own(Sockets.Listen());
        var socket = Own(Sockets.CreateStream());
        queue.Apply(Changes.Read(socket, Add), Changes.Write(socket, Add));
        queue.ExpectSilence();

        Sockets.ConnectTo(socket, Sockets.PortOf(listen));

        var reported = queue.WaitForEvent();
        Assert.Equal((KEventFilter.Write, None), (reported.Filter, reported.Flags & Eof));
    }

    [Fact]
    public void Write_ConnectSucceeds_IsReportedWithoutEof()
    {
        Assert.SkipWhen(Sockets.LacksPendingConnect is not null, Sockets.LacksPendingConnect ?? "");
        var queue = CreateQueue();
        var listen = Own(Sockets.Listen());
        var socket = Own(Sockets.StartConnect(Sockets.PortOf(listen)));

        queue.Apply(Changes.Write(socket, Add | OneShot));

        Assert.Equal(None, queue.WaitForEvent().Flags & Eof);
    }

    [Fact]
    public void Write_ConnectIsRefused_IsReportedWithEof()
    {
        Assert.SkipWhen(Sockets.LacksPendingConnect is not null, Sockets.LacksPendingConnect ?? "");
        var queue = CreateQueue();
        var bound = Own(Sockets.CreateStream());
        Sockets.Bind(bound);
        var socket = Own(Sockets.StartConnect(Sockets.PortOf(bound)));

        queue.Apply(Changes.Write(socket, Add | OneShot));

        Assert.Equal(Eof, queue.WaitForEvent().Flags & Eof);
    }

    [Fact]
    public void Write_OwnEndIsShut_IsReportedWithEof()
    {
        Requires(KernelTrait.OwnShutdownEndsWrite);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Near.ShutdownSend();

        queue.Apply(Changes.Write(pair.Near, Add | Clear));

        Assert.Equal(Eof, queue.WaitForEvent().Flags & Eof);
    }
}
