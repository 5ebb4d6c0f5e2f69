using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Fact]
    public void ReadClear_DataAndClose_ComeInOneEvent()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(7);

        pair.Peer.Close();
        WaitForEndBehindBytes(pair.Near);

        var reported = queue.WaitForEvent();
        Assert.Equal((7, Eof | Clear), (reported.Data, reported.Flags & (Eof | Clear)));
        Assert.Equal(Errno.None, reported.SocketError);
        queue.ExpectSilence();
        Assert.Equal(7, pair.Near.Receive(100).Value);
        Assert.Equal(0, pair.Near.Receive(100).Value);
    }

    [Fact]
    public void ReadClear_CloseAfterReportedData_IsASecondEvent()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(7);
        Assert.Equal(None, queue.WaitForEvent().Flags & Eof);

        pair.Peer.Close();

        var reported = queue.WaitForEvent();
        Assert.Equal((7, Eof), (reported.Data, reported.Flags & Eof));
        queue.ExpectSilence();
    }

    [Fact]
    public void ReadClear_AddedAgainAfterEof_ReportsEofAgain()
    {
        Requires(KernelTrait.AddRearms);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Close();
        queue.WaitForEvent();

        queue.Apply(Changes.Read(pair.Near, Add | Clear));

        Assert.Equal(Eof, queue.WaitForEvent().Flags & Eof);
    }

    [Fact]
    public void ReadLevel_Eof_IsReportedAtEveryCall()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add));
        pair.Peer.Close();

        Assert.Equal(Eof, queue.WaitForEvent().Flags & Eof);
        Assert.Equal(Eof, queue.WaitForEvent().Flags & Eof);
    }

    [Fact]
    public void ReadAndWrite_PeerHalfCloses_OnlyReadHasEof()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.ShutdownSend();
        pair.Near.WaitForEnd();

        queue.Apply(Changes.Read(pair.Near, Add | Clear), Changes.Write(pair.Near, Add | Clear));

        var reported = queue.WaitForEvents().ToDictionary(entry => entry.Filter);
        Assert.Equal(Eof, reported[KEventFilter.Read].Flags & Eof);
        Assert.Equal(None, reported[KEventFilter.Write].Flags & Eof);
    }

    [Fact]
    public void ReadAndWrite_PeerResets_BothHaveEofAndTheBytesAreStillReadable()
    {
        Requires(KernelTrait.BothFilters);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(7);
        queue.WaitForEvent();

        pair.Peer.Reset();

        var read = queue.WaitForEvent();
        Assert.Equal((KEventFilter.Read, Eof), (read.Filter, read.Flags & Eof));
        queue.Apply(Changes.Write(pair.Near, Add | OneShot));
        var write = queue.WaitForEvents()[^1];
        Assert.Equal((KEventFilter.Write, Eof), (write.Filter, write.Flags & Eof));
        Assert.Equal(7, pair.Near.Receive(100).Value);
        Assert.Equal(Errno.ECONNRESET, pair.Near.Receive(100).Error);
        Requires(KernelTrait.SocketErrorInNotes);
        Assert.Equal((Errno.ECONNRESET, Errno.ECONNRESET), (read.SocketError, write.SocketError));
    }

    [Fact]
    public void Read_UnixPeerCloses_ReportsEof()
    {
        var queue = CreateQueue();
        var pair = Own(Sockets.UnixPair());
        queue.Apply(Changes.Read(pair.Near, Add | Clear));

        pair.Peer.Send(3);
        pair.Peer.Close();

        var reported = queue.WaitForEvent();
        Assert.Equal((3, Eof), (reported.Data, reported.Flags & Eof));
    }

    [Fact]
    public void Read_PipeWriterCloses_ReportsEof()
    {
        var queue = CreateQueue();
        var pipe = Own(Sockets.Pipe());
        queue.Apply(Changes.Read(pipe.Near, Add | Clear));
        pipe.Peer.Write(3);
        Assert.Equal(3, queue.WaitForEvent().Data);

        pipe.Peer.Close();

        Assert.Equal(Eof, queue.WaitForEvent().Flags & Eof);
    }

    [Fact]
    public void Write_PipeReaderCloses_ReportsEof()
    {
        Requires(KernelTrait.PipeReaderEndsWrite);
        var queue = CreateQueue();
        var pipe = Own(Sockets.Pipe());
        queue.Apply(Changes.Write(pipe.Peer, Add | Clear));
        Assert.Equal(None, queue.WaitForEvent().Flags & Eof);

        pipe.Near.Close();

        Assert.Equal(Eof, queue.WaitForEvent().Flags & Eof);
    }

    // The FIN stands behind unread bytes, where only another queue sees it.
    private void WaitForEndBehindBytes(TestSocket socket)
    {
        var observer = CreateQueue();
        observer.Apply(Changes.Read(socket, Add | Clear));
        while ((observer.WaitForEvent().Flags & Eof) == 0)
        {
        }
    }
}
