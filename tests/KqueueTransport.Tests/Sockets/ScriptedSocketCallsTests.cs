using System.Text;
using Kqueue;
using KqueueTransport.Sockets;

namespace KqueueTransport.Tests.Sockets;

public sealed unsafe class ScriptedSocketCallsTests
{
    private const int Descriptor = 7;

    [Fact]
    public void Receive_MoreDeliveredThanFits_TheRestComesNext()
    {
        var calls = new ScriptedSocketCalls().Prepare(SocketCall.Receive, SocketStep.Delivers("hello"), SocketStep.End);
        var buffer = new byte[3];

        Assert.Equal(3, calls.Receive(Descriptor, buffer).Value);
        Assert.Equal(2, calls.Receive(Descriptor, buffer).Value);
        Assert.Equal("lol", Encoding.ASCII.GetString(buffer));
        Assert.Equal(0, calls.Receive(Descriptor, buffer).Value);
        Assert.True(calls.Receive(Descriptor, buffer).IsWouldBlock);
        Assert.True(calls.IsPlayed);
    }

    [Fact]
    public void Receive_Scattered_FillsInOrder()
    {
        var calls = new ScriptedSocketCalls().Prepare(SocketCall.Receive, SocketStep.Delivers("abcde"));
        var bytes = new byte[8];
        fixed (byte* start = bytes)
        {
            IoVector[] buffers = [new(start + 5, 3), new(start, 5)];
            Assert.Equal(5, calls.Receive(Descriptor, buffers).Value);
        }

        Assert.Equal("de\0\0\0abc", Encoding.ASCII.GetString(bytes));
    }

    [Fact]
    public void Send_ShortCountAndFailure_RemembersWhatWasTaken()
    {
        var calls = new ScriptedSocketCalls()
            .Prepare(SocketCall.Send, SocketStep.AtMost(2), SocketStep.Fails(Errno.ENOBUFS));

        Assert.Equal(2, calls.Send(Descriptor, "abc"u8).Value);
        Assert.Equal(Errno.ENOBUFS, calls.Send(Descriptor, "c"u8).Error);
        Assert.Equal(1, calls.Send(Descriptor, "c"u8).Value);
        Assert.Equal("abc", Encoding.ASCII.GetString(calls.SentOn(Descriptor)));
        Assert.Equal(3, calls.CountOf(SocketCall.Send, Descriptor));
    }

    [Fact]
    public void Prepare_ForOneDescriptor_LeavesOthersAlone()
    {
        var calls = new ScriptedSocketCalls().Prepare(SocketCall.Close, Descriptor, SocketStep.Fails(Errno.EBADF));

        Assert.False(calls.Close(Descriptor + 1).IsError);
        Assert.Equal(Errno.EBADF, calls.Close(Descriptor).Error);
    }
}
