using Kqueue;

namespace KqueueTransport;

/// <summary>Options of the transport. They are read once, when the server starts, and checked then.</summary>
public sealed class KqueueTransportOptions
{
    /// <summary>
    /// The number of event loops, each with a kernel event queue and a thread of its own, shared by all endpoints.
    /// </summary>
    /// <remarks>
    /// Defaults to <see cref="Environment.ProcessorCount"/>. From 1 to 1024. Where clients run on the same machine, or
    /// much else does, one less keeps the loops from waiting for whole time slices of the scheduler.
    /// </remarks>
    public int LoopCount { get; set; } = Math.Min(Environment.ProcessorCount, LoopCountMax);

    /// <summary>Where the application's code runs.</summary>
    /// <remarks>Defaults to <see cref="Scheduling.Adaptive"/>.</remarks>
    public Scheduling Scheduling { get; set; } = Scheduling.Adaptive;

    /// <summary>
    /// The number of threads, beyond one per loop, that take over loops whose handlers block and that run such
    /// handlers. They are made when they are needed and end after ten idle seconds.
    /// </summary>
    /// <remarks>Defaults to 32 threads. From 0, which never takes a loop over, to 4096.</remarks>
    public int StandbyThreadsMax { get; set; } = 32;

    /// <summary>
    /// The number of connections that the kernel keeps for an endpoint until they are accepted. The kernel cuts it to
    /// its own limit (<c>net.core.somaxconn</c> on Linux, <c>kern.ipc.somaxconn</c> on macOS,
    /// <c>kern.ipc.soacceptqueue</c> on FreeBSD).
    /// </summary>
    /// <remarks>Defaults to 512 connections. From 1 to 65535.</remarks>
    public int Backlog { get; set; } = 512;

    /// <summary>
    /// Whether small segments go out at once (TCP_NODELAY) instead of waiting for the acknowledgement of earlier ones.
    /// Has no effect on Unix sockets.
    /// </summary>
    /// <remarks>Defaults to true.</remarks>
    public bool NoDelay { get; set; } = true;

    /// <summary>
    /// The number of bytes that a connection receives ahead of the application. Bytes that nobody asks for stay in the
    /// kernel, whose window holds the peer back; only when the peer has ended the connection are they received, up to
    /// this mark, so that the application hears of the end although it does not read.
    /// </summary>
    /// <remarks>Defaults to 1,048,576 bytes (1 MiB). Null or 0 is no limit.</remarks>
    public long? MaxReadBufferSize { get; set; } = 1024 * 1024;

    /// <summary>
    /// The number of written bytes that a connection holds while the peer does not take them. At this mark a flush
    /// does not complete until half of them are sent.
    /// </summary>
    /// <remarks>Defaults to 65,536 bytes (64 KiB). Null or 0 is no limit.</remarks>
    public long? MaxWriteBufferSize { get; set; } = 64 * 1024;

    /// <summary>
    /// How long a connection that the server has ended goes on taking, and dropping, what its peer still sends. Its
    /// FIN goes out at once; only the descriptor waits for the peer's FIN, because a descriptor that closes earlier
    /// answers further bytes with RST, and that destroys the end of the response on its way to a client which is still
    /// uploading.
    /// </summary>
    /// <remarks>Defaults to 5 seconds. 0 closes at once; at most an hour.</remarks>
    public TimeSpan LingerTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The number of bytes that a connection drops within <see cref="LingerTimeout"/>.</summary>
    /// <remarks>Defaults to 33,554,432 bytes (32 MiB). Null or 0 is no limit.</remarks>
    public long? MaxLingerSize { get; set; } = 32 * 1024 * 1024;

    /// <summary>
    /// The number of connections that wait within <see cref="LingerTimeout"/> at the same time, spread evenly over the
    /// loops. Each holds a descriptor; those beyond it close at once.
    /// </summary>
    /// <remarks>Defaults to 1024 connections. From 0, with which none waits, to 1,000,000.</remarks>
    public int LingerConnectionsMax { get; set; } = 1024;

    /// <summary>
    /// Whether the two directions of a connection end apart. If so, <c>Output.Complete</c> sends FIN and reading goes
    /// on, and a client that sends a request and FIN gets its answer: <c>ConnectionClosed</c>, with which Kestrel aborts
    /// requests, fires when both directions have ended, or at a reset or an abort. Otherwise, as with Kestrel's Sockets
    /// transport, <c>Output.Complete</c> ends the connection, and so does the peer's FIN.
    /// </summary>
    /// <remarks>
    /// Defaults to false. With true, a request whose client has gone with a FIN is not aborted while it runs: only
    /// writing to it can tell.
    /// </remarks>
    public bool HalfClose { get; set; }

    /// <summary>
    /// Whether a connection that is aborted ends with FIN instead of RST, so that the peer takes it for an orderly end.
    /// </summary>
    /// <remarks>
    /// Defaults to the <see cref="AppContext"/> switch <c>Microsoft.AspNetCore.Server.Kestrel.FinOnError</c>, with which
    /// Kestrel itself and its Sockets transport do so, and to false where that is not set.
    /// </remarks>
    public bool FinOnError { get; set; } =
        AppContext.TryGetSwitch("Microsoft.AspNetCore.Server.Kestrel.FinOnError", out var isOn) && isOn;

    /// <summary>
    /// Whether the server refuses to start on a platform that has no kernel event queue for this transport, as
    /// Windows. Otherwise Kestrel's Sockets transport serves the endpoints there, and a warning says so.
    /// </summary>
    /// <remarks>Defaults to false.</remarks>
    public bool RequireBackend { get; set; }

    /// <summary>Which kernel event queue the loops use.</summary>
    /// <remarks>
    /// Defaults to the system's own: kqueue on macOS and FreeBSD, epoll behind the same contract on Linux.
    /// </remarks>
    public KernelQueueOptions KernelQueue { get; } = new() { FillData = false };

    internal const int LoopCountMax = 1024;

    internal const int StandbyThreadsLimit = 4096;

    internal const int LingerConnectionsLimit = 1_000_000;

    internal static readonly TimeSpan LingerTimeoutMax = TimeSpan.FromHours(1);

    /// <summary>Whether the transport can run here. Tests put another platform in its place.</summary>
    internal BackendSupport Backend { get; set; } = BackendSupport.OfThisSystem;
}
