using KqueueTransport.Outbound;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport;

/// <summary>Connections for code that is written against streams.</summary>
public static class ConnectionStreamExtensions
{
    /// <summary>
    /// Makes a stream over the pipes of a connection, which owns the connection from then on: use the one or the other.
    /// </summary>
    /// <param name="connection">
    /// Such as one from <see cref="KqueueConnectionFactory"/>; a connection of another transport does as well.
    /// </param>
    /// <returns>
    /// <para>
    /// The stream. A read and a write may run at the same time, two reads or two writes may not
    /// (<see cref="InvalidOperationException"/>). Every write is flushed; it completes when the connection has taken
    /// the bytes, so a peer that does not read holds it up, and fails with <see cref="IOException"/>, whose inner
    /// exception says why, once the connection has ended. So does a read, except at the peer's orderly end, where it
    /// returns 0.
    /// </para>
    /// <para>
    /// It may be disposed at any time and from any thread. Without running operations that closes the connection in
    /// order, once the peer has taken what was written, or has taken nothing for
    /// <see cref="KqueueTransportOptions.DrainTimeout"/>; otherwise it aborts: the operations fail with
    /// <see cref="ObjectDisposedException"/>, and the peer sees a reset. Neither waits for the peer.
    /// </para>
    /// </returns>
    public static Stream AsStream(this ConnectionContext connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new ConnectionStream(connection);
    }
}
