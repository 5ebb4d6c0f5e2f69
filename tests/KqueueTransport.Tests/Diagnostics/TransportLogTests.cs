using System.Net;
using System.Reflection;
using Kqueue;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Diagnostics;

public sealed class TransportLogTests : IDisposable
{
    private static readonly ConnectionContext s_connection = new DefaultConnectionContext("the-id");

    private readonly LogCollector _logs = new();

    public void Dispose() => _logs.Dispose();

    [Fact]
    public void ConnectionMessages_IdsAndLevel_AreThoseOfKestrelsSocketsTransport()
    {
        LogEachOf(s_connection, _logs);

        Assert.Equal(
            [
                (4, "ConnectionPause"),
                (5, "ConnectionResume"),
                (6, "ConnectionReadFin"),
                (7, "ConnectionWriteFin"),
                (8, "ConnectionWriteRst"),
                (14, "ConnectionError"),
                (19, "ConnectionReset"),
            ],
            _logs.Entries.Select(entry => (entry.Id.Id, entry.Id.Name)));
        Assert.All(_logs.Entries, entry => Assert.Equal(LogLevel.Debug, entry.Level));
        Assert.All(_logs.Entries, entry => Assert.Contains("the-id", entry.Message, StringComparison.Ordinal));
        Assert.Equal(2, _logs.Entries.Count(entry => entry.Message.Contains("the reason", StringComparison.Ordinal)));
        Assert.Single(_logs.Entries, entry => entry.Exception is IOException);
    }

    [Fact]
    public void ConnectionMessages_DebugIsOff_DoNotAskForTheId()
    {
        using var logs = new LogCollector(LogLevel.Information);

        LogEachOf(new NoIdConnection(), logs);

        Assert.Empty(logs.Entries);
    }

    [Fact]
    public void OwnMessages_IdsAndLevels_AreThoseThatTheDocumentsName()
    {
        TransportLog.NoBackend(_logs, "of this and that");
        TransportLog.AcceptError(_logs, new IPEndPoint(IPAddress.Loopback, 80), Errno.EMFILE);
        TransportLog.UnexpectedException(_logs, "the loop", new InvalidOperationException());
        TransportLog.HandlersBlock(_logs, new IPEndPoint(IPAddress.Loopback, 80));
        TransportLog.ThreadsRefused(_logs);

        Assert.Equal(
            [
                (100, LogLevel.Warning),
                (101, LogLevel.Warning),
                (102, LogLevel.Error),
                (103, LogLevel.Warning),
                (110, LogLevel.Warning),
            ],
            _logs.Entries.Select(entry => (entry.Id.Id, entry.Level)));
        Assert.Contains("of this and that", _logs.Entries[0].Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:80 pauses because of EMFILE", _logs.Entries[1].Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(_logs.Entries[2].Exception);
        Assert.Contains("127.0.0.1:80 keep blocking", _logs.Entries[3].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_Ids_AreEachOnesOwn()
    {
        var ids = typeof(TransportLog).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId).OfType<int>().ToList();

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Distinct(), ids);
    }

    private static void LogEachOf(ConnectionContext connection, LogCollector logs)
    {
        TransportLog.ConnectionPause(logs, connection);
        TransportLog.ConnectionResume(logs, connection);
        TransportLog.ConnectionReadFin(logs, connection);
        TransportLog.ConnectionWriteFin(logs, connection, "the reason");
        TransportLog.ConnectionWriteRst(logs, connection, "the reason");
        TransportLog.ConnectionError(logs, connection, new IOException());
        TransportLog.ConnectionReset(logs, connection);
    }

    private sealed class NoIdConnection : DefaultConnectionContext
    {
        public override string ConnectionId
        {
            get => throw new InvalidOperationException("Nobody listens.");
            set { }
        }
    }
}
