using System.Diagnostics.Tracing;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Diagnostics.Metrics;

namespace KqueueTransport.Diagnostics;

/// <summary>
/// The event source <c>KqueueTransport</c>: the begin and the end of connections, handlers that block, and counters of
/// all the servers of the process. While nobody listens, each event costs one look at a flag.
/// </summary>
[EventSource(Name = "KqueueTransport")]
internal sealed class TransportEventSource : EventSource
{
    private readonly Lock _gate = new();

    // Under _gate.
    private readonly List<TransportMetrics> _servers = [];

    // Made when somebody listens for the first time; the runtime starts and stops their timer. Commands come under its
    // lock of all listeners, one at a time.
    private DiagnosticCounter[]? _counters;

    private TransportEventSource()
    {
    }

    /// <summary>The one of this process.</summary>
    public static TransportEventSource Log { get; } = new();

    /// <summary>A server's counts are in the counters from here on.</summary>
    [NonEvent]
    public void Add(TransportMetrics server)
    {
        lock (_gate)
        {
            _servers.Add(server);
        }
    }

    [NonEvent]
    public void Remove(TransportMetrics server)
    {
        lock (_gate)
        {
            _servers.Remove(server);
        }
    }

    // A connection makes its id when it is asked for, so ask only where somebody listens.
    [NonEvent]
    public void ConnectionStart(Connection connection)
    {
        if (IsEnabled())
        {
            ConnectionStart(
                connection.ConnectionId,
                connection.LocalEndPoint?.ToString() ?? "",
                connection.RemoteEndPoint?.ToString() ?? "");
        }
    }

    [NonEvent]
    public void ConnectionStop(Connection connection, ShutdownReason reason)
    {
        if (IsEnabled())
        {
            ConnectionStop(connection.ConnectionId, MetricName.Of(reason));
        }
    }

    [NonEvent]
    public void HandlerBlocks(Connection connection)
    {
        if (IsEnabled())
        {
            HandlerBlocks(connection.ConnectionId, connection.Loop.Name);
        }
    }

    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        if (command.Command == EventCommand.Enable)
        {
            _counters ??= MakeCounters();
        }
    }

    [Event(1, Level = EventLevel.Informational, ActivityOptions = EventActivityOptions.Disable,
        Message = "Connection {0} from {2} to {1} starts.")]
    private void ConnectionStart(string connectionId, string localEndPoint, string remoteEndPoint) =>
        WriteEvent(1, connectionId, localEndPoint, remoteEndPoint);

    [Event(2, Level = EventLevel.Informational, ActivityOptions = EventActivityOptions.Disable,
        Message = "Connection {0} ends: {1}.")]
    private void ConnectionStop(string connectionId, string reason) => WriteEvent(2, connectionId, reason);

    [Event(3, Level = EventLevel.Warning, Message = "A handler of connection {0} blocks loop {1}.")]
    private void HandlerBlocks(string connectionId, string loop) => WriteEvent(3, connectionId, loop);

    private DiagnosticCounter[] MakeCounters() =>
    [
        new PollingCounter("connections", this, () => Sum(server => server.Connections))
        {
            DisplayName = "Connections",
        },
        MakeRate("accepts-per-second", "Accepted connections", server => server.Accepts),
        MakeRate("hand-overs-per-second", "Hand-overs", server => server.HandOverCount),
        MakeRate("bytes-received-per-second", "Bytes received", server => server.BytesReceived, "By"),
        MakeRate("bytes-sent-per-second", "Bytes sent", server => server.BytesSent, "By"),
    ];

    private IncrementingPollingCounter MakeRate(
        string name, string displayName, Func<TransportMetrics, double> value, string units = "") =>
        new(name, this, () => Sum(value))
        {
            DisplayName = displayName,
            DisplayUnits = units,
            DisplayRateTimeScale = TimeSpan.FromSeconds(1),
        };

    private double Sum(Func<TransportMetrics, double> value)
    {
        lock (_gate)
        {
            return _servers.Sum(value);
        }
    }
}
