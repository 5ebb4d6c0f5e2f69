namespace Kqueue.Tests.Infrastructure;

/// <summary>Both ends of a connection. The near end is the one a test watches.</summary>
internal sealed class SocketPair(TestSocket near, TestSocket peer) : IDisposable
{
    public TestSocket Near { get; private set; } = near;

    public TestSocket Peer { get; } = peer;

    /// <summary>Gives the near end a number that nobody else gets.</summary>
    public SocketPair WithNearAt(int number)
    {
        Near = Near.MoveTo(number);
        return this;
    }

    public void Dispose()
    {
        Near.Dispose();
        Peer.Dispose();
    }
}
