using System.Net;
using Kqueue;

namespace KqueueTransport;

/// <summary>
/// Options of the transport: those of the server, and those that all its endpoints start from. They are read once,
/// when the server starts, and checked then.
/// </summary>
public sealed class KqueueTransportOptions : KqueueEndPointOptions
{
    /// <summary>
    /// The number of event loops, each with a kernel event queue and a thread of its own, shared by all endpoints.
    /// </summary>
    /// <remarks>
    /// Defaults to <see cref="Environment.ProcessorCount"/>. From 1 to 1024. Where clients run on the same machine, or
    /// much else does, one less keeps the loops from waiting for whole time slices of the scheduler.
    /// </remarks>
    public int LoopCount { get; set; } = Math.Min(Environment.ProcessorCount, LoopCountMax);

    /// <summary>
    /// The processors that the event loops run on, by their numbers: the loops take them in turn. A loop that is handed
    /// over stays on its processor, and shares it with the handler that blocks until that returns; the thread pool runs
    /// anywhere.
    /// </summary>
    /// <remarks>
    /// Defaults to empty: the kernel chooses, which is best for most. Linux only: elsewhere, and with a processor that
    /// the process may not run on, the start fails.
    /// </remarks>
    public IReadOnlyList<int> LoopProcessors { get; set; } = [];

    /// <summary>
    /// The number of threads, beyond one per loop, that take over loops whose handlers block and that run such
    /// handlers. They are made when they are needed and end after ten idle seconds.
    /// </summary>
    /// <remarks>
    /// Defaults to 256; 0 to 4096. Where so many handlers block at a time, the next ones run on the thread pool, see
    /// <see cref="Scheduling.Adaptive"/>. A loop that is held up all the same goes to one thread more, for each loop.
    /// 0 takes no loop over: a handler that blocks stops its loop, as with <see cref="Scheduling.Inline"/>.
    /// </remarks>
    public int StandbyThreadsMax { get; set; } = 256;

    /// <summary>
    /// How long a connection that the server has ended goes on taking, and dropping, what its peer still sends. Its
    /// FIN goes out at once; only the descriptor waits for the peer's FIN, because a descriptor that closes earlier
    /// answers further bytes with RST, and that destroys the end of the response on its way to a client which is still
    /// uploading.
    /// </summary>
    /// <remarks>Defaults to 5 seconds. 0 closes at once; at most an hour.</remarks>
    public TimeSpan LingerTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The number of bytes that a connection drops within <see cref="LingerTimeout"/>. It is reset by more: the client
    /// of an upload that was refused then may see the reset instead of the refusal.
    /// </summary>
    /// <remarks>Defaults to 33,554,432 bytes (32 MiB). Null or 0 is no limit.</remarks>
    public long? MaxLingerSize { get; set; } = 32 * 1024 * 1024;

    /// <summary>
    /// The number of connections that wait within <see cref="LingerTimeout"/> at the same time, spread evenly over the
    /// loops. Each holds a descriptor: those that have waited longest close for those beyond it.
    /// </summary>
    /// <remarks>
    /// Defaults to 1024 connections. From 0, with which none waits, to 1,000,000. It is never more than an eighth of
    /// the descriptors that the process may have. Each loop has its share, rounded up.
    /// </remarks>
    public int LingerConnectionsMax { get; set; } = 1024;

    /// <summary>
    /// How long a connection whose application has completed its output, or is done with the connection, goes on while
    /// the kernel gets rid of nothing of what is still to be sent. Each byte that it takes begins the time anew; at its
    /// end the connection is aborted. So no peer keeps a connection, or whoever awaits its disposal, by not reading.
    /// </summary>
    /// <remarks>
    /// Defaults to 30 seconds. <see cref="Timeout.InfiniteTimeSpan"/> is no limit; at most an hour. It does not begin
    /// before the application is done: until then that is up to the application, or to
    /// <see cref="KqueueEndPointOptions.UserTimeout"/>. The connection is looked at once in that time, so that it may
    /// go on for twice as long.
    /// </remarks>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long <see cref="KqueueConnectionFactory"/> waits for an answer, over all addresses of a name.
    /// </summary>
    /// <remarks>
    /// Defaults to 30 seconds. <see cref="Timeout.InfiniteTimeSpan"/> leaves it to the system; at most an hour.
    /// </remarks>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The path of a Unix socket by which one server replaces another without a gap. A server that starts asks at this
    /// path for the listen sockets of the one that runs, serves them beside it, and, once its host has started, has it
    /// stop accepting, answer what it has and end. Then it waits at the path for its own successor.
    /// </summary>
    /// <remarks>
    /// Defaults to null: nothing is handed over. The file has the mode 0600, and both processes have to be of the same
    /// user. An endpoint is taken over by its text, port 0 included; one that the predecessor does not have is bound as
    /// usual, and one that only the predecessor has is closed. If either of the two ends on the way, the other has
    /// everything. At most 199 endpoints, and none of a named library; the path has at most 103 bytes.
    /// </remarks>
    public string? HandOverPath { get; set; }

    /// <summary>
    /// Whether the transport serves Kestrel's endpoints. With false its Sockets transport does, and one line of the log
    /// at start says so. Outbound connections, and what <c>ReplaceKeyedTransports</c> has put on the loops, stay.
    /// </summary>
    /// <remarks>
    /// Defaults to true. <c>KqueueTransport:Enabled</c> in the host's configuration sets it, also where the options are
    /// not taken from configuration: with the environment variable <c>KqueueTransport__Enabled=false</c> a program that
    /// is built runs without it.
    /// </remarks>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Whether the server refuses to start on a platform that has no kernel event queue for this transport, as
    /// Windows. Otherwise Kestrel's Sockets transport serves the endpoints there, and a warning says so.
    /// </summary>
    /// <remarks>Defaults to false.</remarks>
    public bool RequireBackend { get; set; }

    /// <summary>
    /// Which kernel event queue the loops use. A library of the layout <c>freebsd</c> or <c>netbsd</c> that exports
    /// the socket calls, too, is a kernel with descriptors of its own, and gives the sockets as well: IPv4 and IPv6,
    /// without options of a listen socket.
    /// </summary>
    /// <remarks>
    /// Defaults to the system's own: kqueue on macOS and FreeBSD, epoll behind the same contract on Linux.
    /// </remarks>
    public KernelQueueOptions KernelQueue { get; } = new() { FillData = false };

    /// <summary>
    /// Changes the options of one endpoint: it gets the endpoint as it was asked for, with port 0 if any is to be
    /// taken, and a copy of the options that no other endpoint shares. They are checked as these are.
    /// </summary>
    /// <remarks>Defaults to null: all endpoints have the same.</remarks>
    public Action<EndPoint, KqueueEndPointOptions>? ConfigureEndPoint { get; set; }

    internal const int LoopCountMax = 1024;

    /// <summary>What the transport runs on. Tests put another platform in its place.</summary>
    internal BackendSupport Backend { get; set; } = BackendSupport.OfThisSystem;
}
