using System.Net;

namespace KqueueTransport.Connections.Contexts;

/// <summary>
/// What connections take from the process beside loops and sockets: the thread pool, the time and the addresses of
/// names. Tests put their own in its place.
/// </summary>
internal class Surroundings
{
    /// <summary>The process's own.</summary>
    public static Surroundings Process { get; } = new();

    /// <summary>The time: what waits and what is measured goes by it.</summary>
    public virtual TimeProvider Clock => TimeProvider.System;

    /// <summary>Runs work on the thread pool.</summary>
    public virtual void Queue(IThreadPoolWorkItem work) =>
        ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);

    /// <summary>The addresses of a name, of the family that it asks for.</summary>
    public virtual Task<IPAddress[]> ResolveAsync(DnsEndPoint name, CancellationToken cancellationToken) =>
        Dns.GetHostAddressesAsync(name.Host, name.AddressFamily, cancellationToken);
}
