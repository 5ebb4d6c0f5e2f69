using System.Diagnostics.Metrics;

namespace WebApp.Dashboard;

/// <summary>What the transport's meter tells at one moment.</summary>
internal sealed class LoopReadings
{
    private readonly List<double> _handlerSeconds = [];

    /// <summary>The time in handlers of each loop, in the loops' order.</summary>
    public IReadOnlyList<double> HandlerSeconds => _handlerSeconds;

    public double Connections { get; private set; }

    public double HandOvers { get; private set; }

    public double Received { get; private set; }

    public double Sent { get; private set; }

    public static bool Wants(Instrument instrument) => instrument.Meter.Name == "KqueueTransport" &&
        instrument.Name is "kqueue.loop.handler_time" or "kqueue.loop.connection.count" or "kqueue.loop.io"
            or "kqueue.loop.hand_overs";

    public void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        switch (instrument.Name)
        {
            case "kqueue.loop.handler_time":
                _handlerSeconds.Add(value);
                break;
            case "kqueue.loop.connection.count":
                Connections += value;
                break;
            case "kqueue.loop.hand_overs":
                HandOvers += value;
                break;
            case "kqueue.loop.io" when tags[^1].Value is "receive":
                Received += value;
                break;
            case "kqueue.loop.io":
                Sent += value;
                break;
        }
    }
}
