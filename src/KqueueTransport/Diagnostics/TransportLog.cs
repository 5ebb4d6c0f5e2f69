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

    // A connection makes its id when it is asked for, so ask only where somebody listens.
    public static void ConnectionPause(ILogger logger, ConnectionContext connection)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ConnectionPause(logger, connection.ConnectionId);
        }
    }

    public static void ConnectionResume(ILogger logger, ConnectionContext connection)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ConnectionResume(logger, connection.ConnectionId);
        }
    }

    public static void ConnectionReadFin(ILogger logger, ConnectionContext connection)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ConnectionReadFin(logger, connection.ConnectionId);
        }
    }

    public static void ConnectionWriteFin(ILogger logger, ConnectionContext connection, string reason)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ConnectionWriteFin(logger, connection.ConnectionId, reason);
        }
    }

    public static void ConnectionWriteRst(ILogger logger, ConnectionContext connection, string reason)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ConnectionWriteRst(logger, connection.ConnectionId, reason);
        }
    }

    public static void ConnectionError(ILogger logger, ConnectionContext connection, Exception error)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ConnectionError(logger, connection.ConnectionId, error);
        }
    }

    public static void ConnectionReset(ILogger logger, ConnectionContext connection)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            ConnectionReset(logger, connection.ConnectionId);
        }
    }

    [LoggerMessage(100, LogLevel.Warning,
        "The kqueue transport declines every endpoint here. They go to the transport that was registered before it, " +
        "which is Kestrel's Sockets transport in an ordinary application; set RequireBackend to true to get an error " +
        "instead. The reason: {Reason}", EventName = nameof(NoBackend))]
    public static partial void NoBackend(ILogger logger, string? reason);

    [LoggerMessage(107, LogLevel.Information,
        "The kqueue transport is switched off (Enabled is false) and declines every endpoint. They go to the " +
        "transport that was registered before it, which is Kestrel's Sockets transport in an ordinary application.",
        EventName = nameof(SwitchedOff))]
    public static partial void SwitchedOff(ILogger logger);

    [LoggerMessage(108, LogLevel.Information,
        "The kqueue transport serves {EndPoints}. Backend: {Backend}. Event loops: {LoopCount}.",
        EventName = nameof(Started))]
    public static partial void Started(ILogger logger, string endPoints, string backend, int loopCount);

    [LoggerMessage(109, LogLevel.Information,
        "SocketTransportOptions are configured, as by UseSockets, and apply to no endpoint of the kqueue transport. " +
        "Set what is meant in KqueueTransportOptions.", EventName = nameof(SocketOptionsUnread))]
    public static partial void SocketOptionsUnread(ILogger logger);

    [LoggerMessage(113, LogLevel.Information,
        "{Count} listen sockets were taken over from the server at {Path}, which has stopped accepting.",
        EventName = nameof(TookOver))]
    public static partial void TookOver(ILogger logger, int count, string path);

    [LoggerMessage(114, LogLevel.Information,
        "The process that has asked at {Path} for the listen sockets serves them. This one stops.",
        EventName = nameof(HandsOver))]
    public static partial void HandsOver(ILogger logger, string path);

    [LoggerMessage(112, LogLevel.Warning,
        "The listen sockets were not handed over at {Path}: {Reason}. This server goes on.",
        EventName = nameof(HandOverFailed))]
    public static partial void HandOverFailed(ILogger logger, string path, string reason);

    [LoggerMessage(101, LogLevel.Warning,
        "Accepting connections on {EndPoint} pauses because of {Error}. It goes on by itself as soon as it can.",
        EventName = nameof(AcceptError))]
    public static partial void AcceptError(ILogger logger, EndPoint endPoint, Errno error);

    [LoggerMessage(111, LogLevel.Warning,
        "Connections to {EndPoint} have reached {Limit}. Those beyond it {Fate} until there is room.",
        EventName = nameof(LimitReached))]
    public static partial void LimitReached(ILogger logger, EndPoint endPoint, string limit, string fate);

    [LoggerMessage(103, LogLevel.Warning,
        "Handlers of {EndPoint} keep blocking their event loops. They leave the loops until none has " +
        "blocked for a second. Make them asynchronous, or set Scheduling to ThreadPool.",
        EventName = nameof(HandlersBlock))]
    public static partial void HandlersBlock(ILogger logger, EndPoint endPoint);

    [LoggerMessage(110, LogLevel.Warning,
        "The system refuses threads for the event loops. Until it has some again, a handler that blocks holds up the " +
        "other connections of its loop. Raise the limit of processes (pids), or of memory.",
        EventName = nameof(ThreadsRefused))]
    public static partial void ThreadsRefused(ILogger logger);

    // Debug, because whoever reaches the port could fill the log.
    [LoggerMessage(104, LogLevel.Debug, "Connection {ConnectionId} of {Peer} is reset: {Reason}.",
        EventName = nameof(ProxyProtocolRefused))]
    public static partial void ProxyProtocolRefused(
        ILogger logger, string connectionId, EndPoint? peer, string reason);

    /// <summary>Whatever the level: it is an error of the application, of a memory pool or of this transport.</summary>
    public static void ConnectionFaulted(ILogger logger, ConnectionContext connection, Exception error) =>
        ConnectionFaulted(logger, connection.ConnectionId, error);

    [LoggerMessage(102, LogLevel.Error, "Unexpected exception in {Place}.", EventName = nameof(UnexpectedException))]
    public static partial void UnexpectedException(ILogger logger, string place, Exception exception);

    [LoggerMessage(106, LogLevel.Error,
        "Connection {ConnectionId} ends because of an exception that nobody could catch. The others go on.",
        EventName = nameof(ConnectionFaulted))]
    private static partial void ConnectionFaulted(ILogger logger, string connectionId, Exception error);

    [LoggerMessage(4, LogLevel.Debug, "Connection {ConnectionId} stops receiving until the application reads.",
        EventName = nameof(ConnectionPause), SkipEnabledCheck = true)]
    private static partial void ConnectionPause(ILogger logger, string connectionId);

    [LoggerMessage(5, LogLevel.Debug, "Connection {ConnectionId} receives again.",
        EventName = nameof(ConnectionResume), SkipEnabledCheck = true)]
    private static partial void ConnectionResume(ILogger logger, string connectionId);

    [LoggerMessage(6, LogLevel.Debug, "Connection {ConnectionId} received FIN.",
        EventName = nameof(ConnectionReadFin), SkipEnabledCheck = true)]
    private static partial void ConnectionReadFin(ILogger logger, string connectionId);

    [LoggerMessage(7, LogLevel.Debug, "Connection {ConnectionId} sends FIN: {Reason}",
        EventName = nameof(ConnectionWriteFin), SkipEnabledCheck = true)]
    private static partial void ConnectionWriteFin(ILogger logger, string connectionId, string reason);

    [LoggerMessage(8, LogLevel.Debug, "Connection {ConnectionId} sends RST: {Reason}",
        EventName = nameof(ConnectionWriteRst), SkipEnabledCheck = true)]
    private static partial void ConnectionWriteRst(ILogger logger, string connectionId, string reason);

    [LoggerMessage(14, LogLevel.Debug, "Connection {ConnectionId} failed.",
        EventName = nameof(ConnectionError), SkipEnabledCheck = true)]
    private static partial void ConnectionError(ILogger logger, string connectionId, Exception error);

    [LoggerMessage(19, LogLevel.Debug, "Connection {ConnectionId} was reset by its peer.",
        EventName = nameof(ConnectionReset), SkipEnabledCheck = true)]
    private static partial void ConnectionReset(ILogger logger, string connectionId);
}
