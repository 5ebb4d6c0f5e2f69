using System.Net;
using Kqueue.Interop;
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
        TransportLog.ConnectionPause(_logs, s_connection);
        TransportLog.ConnectionResume(_logs, s_connection);
        TransportLog.ConnectionReadFin(_logs, s_connection);
        TransportLog.ConnectionWriteFin(_logs, s_connection, "the reason");
        TransportLog.ConnectionWriteRst(_logs, s_connection, "the reason");
        TransportLog.ConnectionError(_logs, s_connection, new IOException());
        TransportLog.ConnectionReset(_logs, s_connection);

        Assert.Equal(
            [
                new EventId(4, "ConnectionPause"),
                new EventId(5, "ConnectionResume"),
                new EventId(6, "ConnectionReadFin"),
                new EventId(7, "ConnectionWriteFin"),
                new EventId(8, "ConnectionWriteRst"),
                new EventId(14, "ConnectionError"),
                new EventId(19, "ConnectionReset"),
            ],
            _logs.Entries.Select(entry => entry.Id));
        Assert.Equal(
            ["ConnectionPause", "ConnectionResume", "ConnectionReadFin", "ConnectionWriteFin", "ConnectionWriteRst",
             "ConnectionError", "ConnectionReset"],
            _logs.Entries.Select(entry => entry.Id.Name));
        Assert.All(_logs.Entries, entry => Assert.Equal(LogLevel.Debug, entry.Level));
        Assert.All(_logs.Entries, entry => Assert.Contains("the-id", entry.Message, StringComparison.Ordinal));
        Assert.Equal(2, _logs.Entries.Count(entry => entry.Message.Contains("the reason", StringComparison.Ordinal)));
        Assert.Single(_logs.Entries, entry => entry.Exception is IOException);
    }

    [Fact]
    public void ConnectionMessages_DebugIsOff_DoNotAskForTheId()
    {
        using var logs = new LogCollector(LogLevel.Information);
        var connection = new NoIdConnection();

        TransportLog.ConnectionPause(logs, connection);
        TransportLog.ConnectionResume(logs, connection);
        TransportLog.ConnectionReadFin(logs, connection);
        TransportLog.ConnectionWriteFin(logs, connection, "");
        TransportLog.ConnectionWriteRst(logs, connection, "");
        TransportLog.ConnectionError(logs, connection, new IOException());
        TransportLog.ConnectionReset(logs, connection);

        Assert.Empty(logs.Entries);
    }

    [Fact]
    public void OwnMessages_Levels_SayHowBadItIs()
    {
        TransportLog.NoBackend(_logs, "of this and that");
        TransportLog.AcceptError(_logs, new IPEndPoint(IPAddress.Loopback, 80), Errno.EMFILE);
        TransportLog.UnexpectedException(_logs, "the loop", new InvalidOperationException());

        Assert.Equal(
            [LogLevel.Warning, LogLevel.Warning, LogLevel.Error], _logs.Entries.Select(entry => entry.Level));
        Assert.Contains("of this and that", _logs.Entries[0].Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:80 pauses because of EMFILE", _logs.Entries[1].Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(_logs.Entries[2].Exception);
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
