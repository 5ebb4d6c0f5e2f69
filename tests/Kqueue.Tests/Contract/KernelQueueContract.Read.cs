using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Fact]
    public void Read_DataIn_ReportsIdentUserDataAndBytes()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add, userData: 0x1234_5678));

        pair.Peer.Send(7);

        var reported = queue.WaitForEvent();
        Assert.Equal((pair.Near.Ident, KEventFilter.Read), (reported.Ident, reported.Filter));
        Assert.Equal((7, (nint)0x1234_5678), (reported.Data, reported.UserData));
        Assert.Equal(None, reported.Flags & (Eof | Error));
    }

    [Fact]
    public void Read_LevelAndUnreadBytes_IsReportedAtEveryCall()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add));
        pair.Peer.Send(3);

        for (var call = 0; call < 3; call++)
        {
            Assert.Equal(3, queue.WaitForEvent().Data);
        }

        pair.Near.ReceiveExactly(3);
        queue.ExpectSilence();
    }

    [Fact]
    public void Read_AddedWhenBytesWait_IsReportedAtOnce()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(5);
        pair.Near.WaitForBytes(5);

        queue.Apply(Changes.Read(pair.Near, Add | Clear));

        Assert.Equal(5, Assert.Single(queue.Poll()).Data);
    }

    [Fact]
    public void Read_DrainedBeforeTheCall_IsNotReported()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(5);

        pair.Near.ReceiveExactly(5);

        queue.ExpectSilence();
    }

    [Fact]
    public void ReadClear_UnreadBytes_AreReportedOnce()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(4);

        Assert.Equal(Clear, queue.WaitForEvent().Flags & Clear);

        queue.ExpectSilence();
    }

    [Fact]
    public void ReadClear_MoreBytesBehindUnreadOnes_AreReportedAgain()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(4);
        queue.WaitForEvent();

        pair.Peer.Send(2);

        Assert.Equal(6, queue.WaitForEvent().Data);
    }

    [Fact]
    public void ReadClear_AddedAgain_ReportsUnreadBytesAgain()
    {
        Requires(KernelTrait.AddRearms);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: 1));
        pair.Peer.Send(4);
        queue.WaitForEvent();

        queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: 2));

        var reported = queue.WaitForEvent();
        Assert.Equal((4, (nint)2), (reported.Data, reported.UserData));
    }

    [Fact]
    public void ReadClear_EnabledWhenEnabled_ReportsUnreadBytesAgain()
    {
        Requires(KernelTrait.EnableRearms);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(4);
        queue.WaitForEvent();

        queue.Apply(Changes.Read(pair.Near, Enable));

        Assert.Equal(4, queue.WaitForEvent().Data);
    }

    [Fact]
    public void ReadClear_AddedAgainWithoutClear_StaysEdgeTriggered()
    {
        Requires(KernelTrait.ModeStaysThatOfCreation);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(4);
        queue.WaitForEvent();

        queue.Apply(Changes.Read(pair.Near, Add));

        queue.WaitForEvent();
        queue.ExpectSilence();
    }

    [Fact]
    public void ReadOneShot_Reported_TheKnoteIsGone()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | OneShot));
        pair.Peer.Send(4);

        queue.WaitForEvent();

        queue.ExpectSilence();
        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(Changes.Read(pair.Near, Delete)).ChangeError);
    }

    [Fact]
    public void ReadDispatch_Reported_WaitsForEnable()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Dispatch, userData: 3));
        pair.Peer.Send(4);
        queue.WaitForEvent();

        pair.Peer.Send(4);
        pair.Near.WaitForBytes(8);
        queue.ExpectSilence();

        queue.Apply(Changes.Read(pair.Near, Enable, userData: 3));
        var reported = queue.WaitForEvent();
        Assert.Equal((8, (nint)3), (reported.Data, reported.UserData));
        queue.ExpectSilence();
    }

    [Fact]
    public void Read_Disabled_IsReportedAfterEnable()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add));
        pair.Peer.Send(1);
        queue.WaitForEvent();

        queue.Apply(Changes.Read(pair.Near, Disable));
        queue.ExpectSilence();

        queue.Apply(Changes.Read(pair.Near, Enable));
        Assert.Equal(1, queue.WaitForEvent().Data);
    }

    [Fact]
    public void Read_AddedDisabled_IsReportedAfterEnable()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear | Disable));
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        queue.ExpectSilence();

        queue.Apply(Changes.Read(pair.Near, Enable));

        Assert.Equal(1, queue.WaitForEvent().Data);
    }

    [Fact]
    public void Read_Deleted_StaysSilent()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add));
        pair.Peer.Send(1);
        queue.WaitForEvent();

        queue.Apply(Changes.Read(pair.Near, Delete));

        queue.ExpectSilence();
    }

    [Theory]
    [InlineData(None)]
    [InlineData(Clear)]
    public void Read_LowWaterMark_HoldsTheEventBack(KEventFlags mode)
    {
        Requires(KernelTrait.ReadLowWater);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(new KEvent(pair.Near.Ident, KEventFilter.Read, Add | mode, KEventNotes.LowWater, data: 10));

        pair.Peer.Send(9);
        pair.Near.WaitForBytes(9);
        queue.ExpectSilence();

        pair.Peer.Send(1);
        Assert.Equal(10, queue.WaitForEvent().Data);
        Assert.Equal(mode == Clear ? 0 : 1, queue.Poll().Length);
    }

    [Fact]
    public void Read_ListenSocket_ReportsTheQueueLength()
    {
        var queue = CreateQueue();
        var listen = Own(Sockets.Listen());
        queue.Apply(Changes.Read(listen, Add));

        Own(Sockets.Connect(listen));
        Own(Sockets.Connect(listen));
        Own(Sockets.Connect(listen));

        var reported = queue.WaitForEvent();
        Assert.True(reported.Data > 0);
        Requires(KernelTrait.AcceptQueueLength);
        Assert.Equal(3, reported.Data);
        Own(Sockets.Accept(listen));
        Assert.Equal(2, queue.WaitForEvent().Data);
    }

    [Fact]
    public void ReadClear_EachAccept_ReportsTheConnectionsLeft()
    {
        Requires(KernelTrait.EachAcceptReportsTheRest);
        var queue = CreateQueue();
        var listen = Own(Sockets.Listen());
        queue.Apply(Changes.Read(listen, Add | Clear));
        Own(Sockets.Connect(listen));
        Own(Sockets.Connect(listen));
        queue.WaitForEvent();

        Own(Sockets.Accept(listen));

        Assert.Equal(1, queue.WaitForEvent().Data);
    }

    [Fact]
    public void Read_AddedBeforeListen_ReportsConnections()
    {
        Requires(KernelTrait.ReadBeforeListen);
        var queue = CreateQueue();
        var listen = Own(Sockets.CreateStream());
        Sockets.Bind(listen);
        queue.Apply(Changes.Read(listen, Add));
        queue.ExpectSilence();

        Sockets.StartListening(listen);
        Own(Sockets.Connect(listen));

        Assert.Equal(listen.Ident, queue.WaitForEvent().Ident);
    }

    [Fact]
    public void Read_WithoutFillData_IsReportedAllTheSame()
    {
        var queue = CreateQueue(fillData: false);
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: 5));

        pair.Peer.Send(7);

        Assert.Equal(5, queue.WaitForEvent().UserData);
    }
}
