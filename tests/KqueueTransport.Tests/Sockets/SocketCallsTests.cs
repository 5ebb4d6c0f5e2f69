using System.Net;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Tests.Sockets;

/// <summary>What the kernel does rarely, or on another system only: scripted beneath the calls.</summary>
public sealed unsafe class SocketCallsTests
{
    private const int EINTR = 4; // On every system (sys/errno.h).
    private const int BsdEPROTOTYPE = 41;
    private const int BsdECONNRESET = 54;
    private const int BsdEINVAL = 22;

    private const int Descriptor = 5;

    private static readonly IPEndPoint s_endPoint = new(IPAddress.Loopback, 1);

    public static TheoryData<string> Systems => ["Linux", "Darwin", "FreeBsd", "NetBsd"];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Calls_Interrupted_AreRepeated(string system)
    {
        byte value = 0;
        IoVector[] buffers = [new(&value, 1)];
        var numbers = NumbersOf(system);
        int[] accepts = numbers.FIOCLEX != 0 ? [-EINTR, 9, 0] : [-EINTR, 9];
        var functions = new ScriptedSocketFunctions(
            [.. accepts, -EINTR, -EINTR, 1, -EINTR, 1, -EINTR, 1, -EINTR, 1]);
        var calls = new Calls(functions, numbers);

        Assert.Equal(9, calls.Accept(Descriptor, SocketCalls.CreateAddress()).Value);
        Assert.Equal(1, calls.Receive(Descriptor, new byte[1]).Value);
        Assert.Equal(1, calls.Receive(Descriptor, buffers).Value);
        Assert.Equal(1, calls.Send(Descriptor, "x"u8).Value);
        Assert.Equal(1, calls.Send(Descriptor, buffers).Value);
        Assert.Equal(accepts.Length + 9, functions.Calls.Count);
    }

    // The rest is cold and the framework's own, which repeats what was interrupted (pal_networking.c, EINTR), or, as
    // shutdown(2), getsockname(2) and setsockopt(2), never sleeps.
    [Theory]
    [MemberData(nameof(Systems))]
    public void CloseAndConnect_Interrupted_AreDoneAndNotRepeated(string system)
    {
        var functions = new ScriptedSocketFunctions(-EINTR, -EINTR);
        var calls = new Calls(functions, NumbersOf(system));

        Assert.Equal(Descriptor, calls.Connect(s_endPoint, new KqueueTransportOptions { NoDelay = false }).Value);
        Assert.False(calls.Close(Descriptor).IsError);
        Assert.Equal(["connect", "close"], functions.Calls);
    }

    [Theory]
    [InlineData(EINTR)]
    [InlineData(BsdECONNRESET)]
    public void Close_FailsAfterTheDescriptorIsGone_SucceedsAndIsNotRepeated(int error)
    {
        var functions = new ScriptedSocketFunctions(-error);

        Assert.False(new Calls(functions, SocketNumbers.FreeBsd).Close(Descriptor).IsError);
        Assert.Equal(["close"], functions.Calls);
    }

    [Fact]
    public void Abort_LingerRefused_ClosesAllTheSame()
    {
        var functions = new ScriptedSocketFunctions(-BsdEINVAL, 0);

        Assert.False(new Calls(functions, SocketNumbers.Darwin).Abort(Descriptor).IsError);
        Assert.Equal(["setsockopt ffff 80 = 1,0", "close"], functions.Calls);
    }

    [Fact]
    public void Send_PrototypeErrorOfMacOs_IsAReset()
    {
        var functions = new ScriptedSocketFunctions(-BsdEPROTOTYPE, -BsdEPROTOTYPE);
        var calls = new Calls(functions, SocketNumbers.Darwin);
        byte value = 0;

        Assert.Equal(Errno.ECONNRESET, calls.Send(Descriptor, "x"u8).Error);
        Assert.Equal(Errno.ECONNRESET, calls.Send(Descriptor, (IoVector[])[new(&value, 1)]).Error);
        Assert.Equal(["send 1 0", "sendmsg 1 0"], functions.Calls);
    }

    [Fact]
    public void Accept_OnMacOs_SetsCloseOnExecItself()
    {
        var functions = new ScriptedSocketFunctions(9, 0) { AddressLength = 16 };

        var calls = new Calls(functions, SocketNumbers.Darwin);

        Assert.Equal(9, calls.Accept(Descriptor, SocketCalls.CreateAddress()).Value);
        Assert.Equal(["accept", "ioctl 20006601"], functions.Calls);
    }

    [Fact]
    public void Accept_FailsOnMacOs_SetsNothing()
    {
        var functions = new ScriptedSocketFunctions(-35);

        Assert.True(new Calls(functions, SocketNumbers.Darwin)
            .Accept(Descriptor, SocketCalls.CreateAddress()).IsWouldBlock);
        Assert.Equal(["accept"], functions.Calls);
    }

    [Theory]
    [InlineData(0u, 0)]
    [InlineData(16u, 16)]
    [InlineData(4096u, 128)]
    public void Accept_AddressOfAnyLength_IsSurvived(uint length, int size)
    {
        var functions = new ScriptedSocketFunctions(9) { AddressLength = length };
        var peer = SocketCalls.CreateAddress();

        Assert.Equal(9, new Calls(functions, SocketNumbers.Linux).Accept(Descriptor, peer).Value);
        Assert.Equal(size, peer.Size);
        Assert.Null(peer.ToEndPoint());
    }

    [Fact]
    public void Accept_AfterAnAddressOfLengthZero_OffersTheWholeBufferAgain()
    {
        var peer = SocketCalls.CreateAddress();
        peer.Size = 0;

        new Calls(new ScriptedSocketFunctions(9) { AddressLength = 28 }, SocketNumbers.Linux).Accept(Descriptor, peer);

        Assert.Equal(28, peer.Size);
    }

    [Fact]
    public void Send_MoreThanOneCallMayCarry_LeavesTheRest()
    {
        var functions = new ScriptedSocketFunctions(1, 1);
        var calls = new Calls(functions, SocketNumbers.Linux);
        IoVector[] buffers = [new(null, 1 << 30), new(null, (1 << 30) - 1), new(null, 1)];

        calls.Send(Descriptor, buffers);
        calls.Receive(Descriptor, buffers);

        Assert.Equal(["sendmsg 2 4000", "readv 2"], functions.Calls);
    }

    [Fact]
    public void Connect_OnItsWay_GivesTheDescriptor()
    {
        const int BsdEINPROGRESS = 36;
        var functions = new ScriptedSocketFunctions(-BsdEINPROGRESS);

        Assert.Equal(Descriptor, new Calls(functions, SocketNumbers.Darwin)
            .Connect(s_endPoint, new KqueueTransportOptions { NoDelay = false }).Value);
        Assert.Equal(["connect"], functions.Calls);
    }

    [Fact]
    public void Connect_FailsAtOnce_ClosesTheDescriptor()
    {
        var functions = new ScriptedSocketFunctions(0, -61, 0);

        var result = new Calls(functions, SocketNumbers.Darwin)
            .Connect(s_endPoint, new KqueueTransportOptions());

        Assert.Equal(Errno.ECONNREFUSED, result.Error);
        Assert.Equal(["setsockopt 6 1 = 1", "connect", "close"], functions.Calls);
    }

    [Fact]
    public void Connect_OptionThatTheSystemLacks_SaysWhichAndMakesNoSocket()
    {
        var functions = new ScriptedSocketFunctions();
        var calls = new Calls(functions, SocketNumbers.Darwin);

        var error = Assert.Throws<NotSupportedException>(() => calls.Connect(
            s_endPoint, new KqueueTransportOptions { UserTimeout = TimeSpan.FromSeconds(1) }));

        Assert.StartsWith("UserTimeout is set", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, calls.SocketCount);
        Assert.Empty(functions.Calls);
    }

    private static SocketNumbers NumbersOf(string system) => system switch
    {
        "Linux" => SocketNumbers.Linux,
        "Darwin" => SocketNumbers.Darwin,
        "FreeBsd" => SocketNumbers.FreeBsd,
        _ => SocketNumbers.NetBsd,
    };

    private sealed class Calls(SocketFunctions functions, SocketNumbers numbers) : SocketCalls(functions, numbers)
    {
        public int SocketCount { get; private set; }

        public override ListenSocket Listen(
            EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null) =>
            throw new NotSupportedException();

        protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath)
        {
            SocketCount++;
            return KernelResult.Success(Descriptor);
        }
    }
}
