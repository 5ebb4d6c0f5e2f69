using System.Text;
using Kqueue;

namespace KqueueTransport.Tests.Sockets;

/// <summary>The calls that <see cref="ScriptedSocketCalls"/> can be prepared for.</summary>
internal enum SocketCall
{
    Accept,
    Receive,
    Send,
    Shutdown,
    Close,
    Abort,
    Configure,
    Connect,
    FinishConnect,
    GetRemoteAddress,
    OpenProbe,
}

/// <summary>One prepared answer of the scripted kernel.</summary>
internal sealed class SocketStep
{
    private SocketStep()
    {
    }

    /// <summary>The call goes through as if nothing had been prepared.</summary>
    public static SocketStep GoesThrough { get; } = new();

    /// <summary>The call would have had to wait.</summary>
    public static SocketStep WouldBlock { get; } = Fails(Errno.EAGAIN);

    /// <summary>A receive finds the peer's end.</summary>
    public static SocketStep End { get; } = Returns(0);

    /// <summary>A receive comes back full: there is more than it has room for.</summary>
    public static SocketStep Fills { get; } = new() { IsFull = true };

    /// <summary>An accept goes through, but the peer is gone and its address with it, as on macOS.</summary>
    public static SocketStep AddressIsLost { get; } = new() { IsAddressLost = true };

    public KernelResult? Result { get; private init; }

    public bool IsAddressLost { get; private init; }

    public bool IsFull { get; private init; }

    public byte[]? Bytes { get; private init; }

    public int BytesMax { get; private init; } = int.MaxValue;

    /// <summary>The call fails, and nothing happens.</summary>
    public static SocketStep Fails(Errno error) => new() { Result = KernelResult.Failure(error) };

    /// <summary>The call returns a value, and nothing else happens.</summary>
    public static SocketStep Returns(int value) => new() { Result = KernelResult.Success(value) };

    /// <summary>A receive or send goes through with no more than so many bytes: a short count.</summary>
    public static SocketStep AtMost(int bytes) => new() { BytesMax = bytes };

    /// <summary>A receive delivers these bytes; what does not fit comes with the next receive.</summary>
    public static SocketStep Delivers(params byte[] bytes) => new() { Bytes = bytes };

    /// <summary>A receive delivers this text.</summary>
    public static SocketStep Delivers(string text) => Delivers(Encoding.UTF8.GetBytes(text));
}
