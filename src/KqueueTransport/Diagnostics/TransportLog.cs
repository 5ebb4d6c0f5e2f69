using System.Net;
using Kqueue;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Diagnostics;

/// <summary>
/// The log messages. The ids below 100 and their level are those of Kestrel's Sockets transport, so that what watches
/// that one can watch this one; those from 100 are this transport's own. No message carries payload.
/// </summary>
internal static partial class TransportLog
{
    /// <summary>The category of every message.</summary>
    public const string Category = "KqueueTransport";

    public static void ConnectionPause(ILogger logger, ConnectionContext connection) =>
        Listening(logger)?.ConnectionPause(connection.ConnectionId);

    public static void ConnectionResume(ILogger logger, ConnectionContext connection) =>
        Listening(logger)?.ConnectionResume(connection.ConnectionId);

    public static void ConnectionReadFin(ILogger logger, ConnectionContext connection) =>
        Listening(logger)?.ConnectionReadFin(connection.ConnectionId);

    public static void ConnectionWriteFin(ILogger logger, ConnectionContext connection, string reason) =>
        Listening(logger)?.ConnectionWriteFin(connection.ConnectionId, reason);

    public static void ConnectionWriteRst(ILogger logger, ConnectionContext connection, string reason) =>
        Listening(logger)?.ConnectionWriteRst(connection.ConnectionId, reason);

    public static void ConnectionError(ILogger logger, ConnectionContext connection, Exception error) =>
        Listening(logger)?.ConnectionError(connection.ConnectionId, error);

    public static void ConnectionReset(ILogger logger, ConnectionContext connection) =>
        Listening(logger)?.ConnectionReset(connection.ConnectionId);

    [LoggerMessage(100, LogLevel.Warning,
        "The kqueue transport declines every endpoint here. They go to the transport that was registered before it, " +
        "which is Kestrel's Sockets transport in an ordinary application; set RequireBackend to true to get an error " +
        "instead. The reason: {Reason}")]
    public static partial void NoBackend(ILogger logger, string? reason);

    [LoggerMessage(107, LogLevel.Information,
        "The kqueue transport is switched off (Enabled is false) and declines every endpoint. They go to the " +
        "transport that was registered before it, which is Kestrel's Sockets transport in an ordinary application.")]
    public static partial void SwitchedOff(ILogger logger);

    [LoggerMessage(108, LogLevel.Information,
        "The kqueue transport serves {EndPoints}. Backend: {Backend}. Event loops: {LoopCount}.")]
    public static partial void Started(ILogger logger, string endPoints, string backend, int loopCount);

    [LoggerMessage(109, LogLevel.Information,
        "SocketTransportOptions are configured, as by UseSockets, and apply to no endpoint of the kqueue transport. " +
        "Set what is meant in KqueueTransportOptions.")]
    public static partial void SocketOptionsUnread(ILogger logger);

    [LoggerMessage(113, LogLevel.Information,
        "{Count} listen sockets were taken over from the server at {Path}, which has stopped accepting.")]
    public static partial void TookOver(ILogger logger, int count, string path);

    [LoggerMessage(114, LogLevel.Information,
        "The process that has asked at {Path} for the listen sockets serves them. This one stops.")]
    public static partial void HandsOver(ILogger logger, string path);

    [LoggerMessage(112, LogLevel.Warning,
        "The listen sockets were not handed over at {Path}: {Reason}. This server goes on.")]
    public static partial void HandOverFailed(ILogger logger, string path, string reason);

    [LoggerMessage(101, LogLevel.Warning,
        "Accepting connections on {EndPoint} pauses because of {Error}. It goes on by itself as soon as it can.")]
    public static partial void AcceptError(ILogger logger, EndPoint endPoint, Errno error);

    [LoggerMessage(111, LogLevel.Warning,
        "Connections to {EndPoint} have reached {Limit}. Those beyond it {Fate} until there is room.")]
    public static partial void LimitReached(ILogger logger, EndPoint endPoint, string limit, string fate);

    [LoggerMessage(103, LogLevel.Warning,
        "Handlers of {EndPoint} keep blocking their event loops. They leave the loops until none has " +
        "blocked for a second. Make them asynchronous, or set Scheduling to ThreadPool.")]
    public static partial void HandlersBlock(ILogger logger, EndPoint endPoint);

    [LoggerMessage(110, LogLevel.Warning,
        "The system refuses threads for the event loops. Until it has some again, a handler that blocks holds up the " +
        "other connections of its loop. Raise the limit of processes (pids), or of memory.")]
    public static partial void ThreadsRefused(ILogger logger);

    // Debug, because whoever reaches the port could fill the log.
    [LoggerMessage(104, LogLevel.Debug, "Connection {ConnectionId} of {Peer} is reset: {Reason}.")]
    public static partial void ProxyProtocolRefused(
        ILogger logger, string connectionId, EndPoint? peer, string reason);

    /// <summary>Whatever the level: it is an error of the application, of a memory pool or of this transport.</summary>
    public static void ConnectionFaulted(ILogger logger, ConnectionContext connection, Exception error) =>
        ConnectionFaulted(logger, connection.ConnectionId, error);

    [LoggerMessage(102, LogLevel.Error, "Unexpected exception in {Place}.")]
    public static partial void UnexpectedException(ILogger logger, string place, Exception exception);

    [LoggerMessage(106, LogLevel.Error,
        "Connection {ConnectionId} ends because of an exception that nobody could catch. The others go on.")]
    private static partial void ConnectionFaulted(ILogger logger, string connectionId, Exception error);

    [LoggerMessage(4, LogLevel.Debug, "Connection {ConnectionId} stops receiving until the application reads.")]
    private static partial void ConnectionPause(this ILogger logger, string connectionId);

    [LoggerMessage(5, LogLevel.Debug, "Connection {ConnectionId} receives again.")]
    private static partial void ConnectionResume(this ILogger logger, string connectionId);

    [LoggerMessage(6, LogLevel.Debug, "Connection {ConnectionId} received FIN.")]
    private static partial void ConnectionReadFin(this ILogger logger, string connectionId);

    [LoggerMessage(7, LogLevel.Debug, "Connection {ConnectionId} sends FIN: {Reason}")]
    private static partial void ConnectionWriteFin(this ILogger logger, string connectionId, string reason);

    [LoggerMessage(8, LogLevel.Debug, "Connection {ConnectionId} sends RST: {Reason}")]
    private static partial void ConnectionWriteRst(this ILogger logger, string connectionId, string reason);

    [LoggerMessage(14, LogLevel.Debug, "Connection {ConnectionId} failed.")]
    private static partial void ConnectionError(this ILogger logger, string connectionId, Exception error);

    [LoggerMessage(19, LogLevel.Debug, "Connection {ConnectionId} was reset by its peer.")]
    private static partial void ConnectionReset(this ILogger logger, string connectionId);

    // A connection makes its id when it is asked for, so it is asked only where somebody listens.
    private static ILogger? Listening(ILogger logger) => logger.IsEnabled(LogLevel.Debug) ? logger : null;
}
