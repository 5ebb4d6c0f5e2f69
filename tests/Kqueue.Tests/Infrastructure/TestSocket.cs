using Kqueue.Interop;

namespace Kqueue.Tests.Infrastructure;

/// <summary>A descriptor that a test owns.</summary>
internal sealed class TestSocket(KernelSockets sockets, int descriptor) : IDisposable
{
    private bool _isClosed;

    public int Descriptor { get; } = descriptor;

    public nint Ident => Descriptor;

    /// <summary>Sends as many bytes; they must all fit.</summary>
    public void Send(int count) => Assert.Equal(count, sockets.Send(Descriptor, new byte[count]).Value);

    /// <summary>Sends a byte as urgent.</summary>
    public void SendUrgent() => Assert.Equal(1, sockets.SendUrgent(Descriptor, new byte[1]).Value);

    /// <summary>Writes to a pipe.</summary>
    public void Write(int count) => Assert.Equal(count, sockets.Write(Descriptor, new byte[count]).Value);

    public KernelResult Receive(int capacity) => sockets.Receive(Descriptor, new byte[capacity]);

    /// <summary>Waits until as many bytes are in, so that what follows tests no race with the network.</summary>
    public void WaitForBytes(int count) => WaitUntil(() => sockets.Peek(Descriptor, new byte[count]).Value == count);

    /// <summary>Waits until the peer's end is in, with nothing before it.</summary>
    public void WaitForEnd() => WaitUntil(
        () => sockets.Peek(Descriptor, new byte[1]) is { IsWouldBlock: false, Value: <= 0 });

    /// <summary>Receives until as many bytes are in.</summary>
    public void ReceiveExactly(int count)
    {
        for (var left = count; left > 0;)
        {
            var received = Receive(left);
            Assert.True(received.Value > 0 || received.IsWouldBlock, $"receive: {received}");
            left -= Math.Max(received.Value, 0);
        }
    }

    /// <summary>Sends until the buffers of both ends are full, and says how much that took.</summary>
    public int Fill()
    {
        var chunk = new byte[64 * 1024];
        var total = 0;
        for (var full = 0; full < 20;)
        {
            // The peer's stack may still be taking bytes over when the first send finds no room.
            var sent = sockets.Send(Descriptor, chunk);
            full = sent.IsWouldBlock ? full + 1 : 0;
            total += Math.Max(sent.Value, 0);
        }

        return total;
    }

    public void ShutdownSend() => sockets.ShutdownSend(Descriptor);

    public TestSocket Duplicate() => sockets.Duplicate(this);

    public TestSocket MoveTo(int number) => sockets.MoveTo(this, number);

    public void Reset()
    {
        _isClosed = true;
        sockets.Reset(Descriptor);
    }

    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            sockets.Close(Descriptor);
        }
    }

    public void Dispose() => Close();

    private static void WaitUntil(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), "What was sent did not arrive.");
}
