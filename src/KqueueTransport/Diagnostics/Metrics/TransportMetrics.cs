using System.Diagnostics.Metrics;
using Kqueue.EventLoops;

namespace KqueueTransport.Diagnostics.Metrics;

/// <summary>
/// The meter of one server's loops and listeners. Counters are observed when somebody asks, so that they cost the loops
/// nothing else than the counts that they keep; histograms are filled while somebody listens.
/// </summary>
internal sealed partial class TransportMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "KqueueTransport";

    private readonly EventLoopGroup _group;
    private readonly Dictionary<EventLoop, LoopStatistics> _statistics;
    private readonly Lock _gate = new();

    // Under _gate.
    private readonly List<IMeasuredListener> _listeners = [];
    private long _acceptsOfRemoved;

    public TransportMetrics(EventLoopGroup group, IMeterFactory? meterFactory)
    {
        _group = group;
        _statistics = group.Loops.ToDictionary(loop => loop, _ => new LoopStatistics());
        Meter = meterFactory?.Create(MeterName) ?? new Meter(MeterName);
        Tcp = new TcpMetrics(Meter);
        ObserveGroup();
        ObserveLoops();
        ObserveListeners();
        TransportEventSource.Log.Add(this);
    }

    /// <summary>The meter; several servers of one process have one each, under the same name.</summary>
    public Meter Meter { get; }

    /// <summary>Where connections tell at their end what the kernel knew of them.</summary>
    public TcpMetrics Tcp { get; }

    public int Connections => _statistics.Values.Sum(loop => loop.Connections);

    public long BytesReceived => _statistics.Values.Sum(loop => loop.BytesReceived);

    public long BytesSent => _statistics.Values.Sum(loop => loop.BytesSent);

    public long HandOverCount => _group.HandOverCount;

    /// <summary>Connections that all listeners have accepted, also those that are gone.</summary>
    public long Accepts
    {
        get
        {
            lock (_gate)
            {
                return _acceptsOfRemoved + _listeners.Sum(listener => listener.Statistics.Accepts);
            }
        }
    }

    /// <summary>Where the connections of a loop count.</summary>
    public LoopStatistics StatisticsOf(EventLoop loop) => _statistics[loop];

    /// <summary>Those that accept at the moment.</summary>
    public IMeasuredListener[] Listeners()
    {
        lock (_gate)
        {
            return [.. _listeners];
        }
    }

    public void Add(IMeasuredListener listener)
    {
        lock (_gate)
        {
            _listeners.Add(listener);
        }
    }

    public void Remove(IMeasuredListener listener)
    {
        lock (_gate)
        {
            if (_listeners.Remove(listener))
            {
                _acceptsOfRemoved += listener.Statistics.Accepts;
            }
        }
    }

    public void Dispose()
    {
        TransportEventSource.Log.Remove(this);
        Meter.Dispose();
    }
}
