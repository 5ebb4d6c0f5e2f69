using System.Diagnostics;
using System.Net;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Tests.Sockets;

/// <summary>Both ends of one connection, made and driven by socket calls alone, without an event queue.</summary>
internal sealed class SocketPair : IDisposable
{
    private const int Taken = -1;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);

    private readonly SocketCalls _calls;
    private ListenSocket? _listen;

    private SocketPair(SocketCalls calls, EndPoint listenEndPoint, int connected, int accepted, EndPoint? peer)
    {
        _calls = calls;
        ListenEndPoint = listenEndPoint;
        Connected = connected;
        Accepted = accepted;
        Peer = peer;
    }

    public EndPoint ListenEndPoint { get; }

    public SocketOption[]? OptionsToSet => _listen?.OptionsToSet;

    /// <summary>The end that connected.</summary>
    public int Connected { get; private set; }

    /// <summary>The end that was accepted.</summary>
    public int Accepted { get; private set; }

    /// <summary>What accept said about the end that connected.</summary>
    public EndPoint? Peer { get; }

    public static SocketPair Create(SocketCalls calls, EndPoint endPoint, KqueueTransportOptions? options = null)
    {
        options ??= new KqueueTransportOptions();
        var listen = calls.Listen(endPoint, options);
        var pair = Connect(calls, [listen], listen.EndPoint, out _, options);
        pair._listen = listen;
        return pair;
    }

    public static SocketPair Connect(SocketCalls calls, ListenSocket listen, EndPoint remote) =>
        Connect(calls, [listen], remote, out _);

    /// <summary>Connects and takes the other end from whichever listen socket gets it.</summary>
    public static SocketPair Connect(
        SocketCalls calls,
        ListenSocket[] listens,
        EndPoint remote,
        out ListenSocket by,
        KqueueTransportOptions? options = null)
    {
        var connected = calls.Connect(remote, options ?? new KqueueTransportOptions());
        Assert.False(connected.IsError, $"connect: {connected}");
        var peer = SocketCalls.CreateAddress();
        var next = 0;
        var accepted = Until(
            () => calls.Accept(listens[next++ % listens.Length].Descriptor, peer), result => !result.IsWouldBlock);
        Assert.False(accepted.IsError, $"accept: {accepted}");
        by = listens[(next - 1) % listens.Length];
        return new SocketPair(calls, by.EndPoint, connected.Value, accepted.Value, peer.ToEndPoint());
    }

    /// <summary>Repeats a call until its result is the wanted one.</summary>
    public static KernelResult Until(Func<KernelResult> call, Func<KernelResult, bool> condition)
    {
        var started = Stopwatch.GetTimestamp();
        SpinWait wait = default;
        KernelResult result;
        while (!condition(result = call()))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < s_timeout, $"Nothing but {result} for {s_timeout}.");
            wait.SpinOnce();
        }

        return result;
    }

    /// <summary>Hands the accepted end over to the caller, who closes it.</summary>
    public int TakeAccepted()
    {
        var taken = Accepted;
        Accepted = Taken;
        return taken;
    }

    /// <summary>Hands the connected end over to the caller, who closes it.</summary>
    public int TakeConnected()
    {
        var taken = Connected;
        Connected = Taken;
        return taken;
    }

    public void StopListening() => Interlocked.Exchange(ref _listen, null)?.Dispose();

    /// <summary>Sends there and back.</summary>
    public void Exchange(ReadOnlySpan<byte> bytes)
    {
        Assert.Equal(bytes.Length, _calls.Send(Connected, bytes).Value);
        Assert.Equal(bytes, Receive(Accepted, bytes.Length));
        Assert.Equal(bytes.Length, _calls.Send(Accepted, bytes).Value);
        Assert.Equal(bytes, Receive(Connected, bytes.Length));
    }

    /// <summary>Receives until the peer's end.</summary>
    public byte[] ReceiveAll(int descriptor) => Receive(descriptor, int.MaxValue);

    /// <summary>Sends from the accepted end until the kernel takes no more.</summary>
    public int SendUntilWouldBlock(ReadOnlySpan<byte> bytes)
    {
        var sent = 0;
        while (sent < bytes.Length)
        {
            var result = _calls.Send(Accepted, bytes[sent..]);
            if (result.IsWouldBlock)
            {
                break;
            }

            Assert.False(result.IsError, $"send: {result}");
            sent += result.Value;
        }

        return sent;
    }

    /// <summary>Sends the rest while the other end receives, and returns all that it received.</summary>
    public byte[] Transfer(byte[] bytes, int alreadySent)
    {
        using var received = new MemoryStream();
        var buffer = new byte[64 * 1024];
        var sent = alreadySent;
        while (received.Length < bytes.Length)
        {
            sent += SendUntilWouldBlock(bytes.AsSpan(sent));
            var result = Until(() => _calls.Receive(Connected, buffer), result => !result.IsWouldBlock);
            Assert.False(result.IsError, $"receive: {result}");
            received.Write(buffer, 0, result.Value);
        }

        return received.ToArray();
    }

    public void Dispose()
    {
        _calls.Close(Connected);
        _calls.Close(Accepted);
        StopListening();
    }

    private byte[] Receive(int descriptor, int count)
    {
        using var received = new MemoryStream();
        var buffer = new byte[4096];
        while (received.Length < count)
        {
            var result = Until(() => _calls.Receive(descriptor, buffer), result => !result.IsWouldBlock);
            Assert.False(result.IsError, $"receive: {result}");
            if (result.Value == 0)
            {
                break;
            }

            received.Write(buffer, 0, result.Value);
        }

        return received.ToArray();
    }
}
