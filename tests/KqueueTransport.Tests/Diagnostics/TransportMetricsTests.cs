using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Diagnostics;
using KqueueTransport.Diagnostics.Metrics;

namespace KqueueTransport.Tests.Diagnostics;

public sealed partial class TransportMetricsTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    [Fact]
    public void Meter_ABlockedHandler_CountsTheHandOver()
    {
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 1 });
        using var metrics = new TransportMetrics(group, meterFactory: null);
        using var observed = new Observed(metrics.Meter);

        // Not disposed: the thread that the loop was taken from may come to it late.
        var release = new ManualResetEventSlim();
        group.Loops[0].Post(_ => release.Wait(s_timeout), null);
        try
        {
            Assert.True(SpinWait.SpinUntil(() => group.HandOverCount > 0, s_timeout));
            observed.Record();

            Assert.InRange(observed["kqueue.hand_overs", "taken"], 1, group.HandOverCount);
            Assert.Equal(0, observed["kqueue.hand_overs", "refused"]);
            Assert.True(observed["kqueue.thread.count", "busy"] >= 2);
        }
        finally
        {
            release.Set();
        }
    }

    [Fact]
    public void Meter_ALoopThatRuns_CountsItsWaitsAndTime()
    {
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 2 });
        using var metrics = new TransportMetrics(group, meterFactory: null);
        using var observed = new Observed(metrics.Meter);
        using var ran = new CountdownEvent(2);
        foreach (var loop in group.Loops)
        {
            loop.Post(_ => ran.Signal(), null);
        }

        Assert.True(ran.Wait(s_timeout, TestContext.Current.CancellationToken));
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                observed.Record();
                return group.Loops.All(loop => observed["kqueue.loop.handler_time", loop.Name] > 0);
            },
            s_timeout));
        Assert.All(group.Loops, loop => Assert.True(observed["kqueue.loop.waits", loop.Name] > 0));
        Assert.All(group.Loops, loop => Assert.Equal(0, observed["kqueue.loop.registration.count", loop.Name]));
    }

    // One loop computes, the other waits: the time of each stands beside its name. Without hand-over, so that it is all
    // the loop's own.
    [Fact]
    public void Meter_OneLoopComputes_HasTheTimeInItsHandlers()
    {
        var computed = TimeSpan.FromMilliseconds(50);
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 2, HandOver = false });
        using var metrics = new TransportMetrics(group, meterFactory: null);
        using var observed = new Observed(metrics.Meter);
        var (busy, idle) = (group.Loops[0].Name, group.Loops[1].Name);

        group.Loops[0].Post(_ => Compute(computed), null);

        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                observed.Record();
                return observed["kqueue.loop.handler_time", busy] >= computed.TotalSeconds;
            },
            s_timeout));
        Assert.InRange(observed["kqueue.loop.handler_time", idle], 0, computed.TotalSeconds / 2);
        Assert.Equal(0, observed["kqueue.loop.left_behind_time", busy]);
    }

    [Fact]
    public void Meter_AHandlerIsLeftBehind_CountsItsTimeApart()
    {
        var stays = TimeSpan.FromMilliseconds(50);
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 2 });
        using var metrics = new TransportMetrics(group, meterFactory: null);
        using var observed = new Observed(metrics.Meter);
        var loop = group.Loops[1].Name;

        group.Loops[1].Post(
            _ =>
            {
                SpinWait.SpinUntil(() => EventLoop.Current is null, s_timeout);
                Thread.Sleep(stays);
            },
            null);

        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                observed.Record();
                return observed["kqueue.loop.left_behind_time", loop] >= stays.TotalSeconds;
            },
            s_timeout));
        Assert.InRange(observed["kqueue.loop.hand_overs", loop], 1, group.Loops[1].HandOverCount);
    }

    [Theory]
    [InlineData(Scheduling.Adaptive, 1)]
    [InlineData(Scheduling.ThreadPool, 0)]
    public void Meter_AListener_TellsWhereItsApplicationRuns(Scheduling scheduling, int expected)
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, 4711);
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 1 });
        using var metrics = new TransportMetrics(group, meterFactory: null);
        using var observed = new Observed(metrics.Meter);
        var listener = new MeasuredListener(endPoint, scheduling == Scheduling.Adaptive);

        metrics.Add(listener);
        observed.Record();
        Assert.Equal(expected, observed["kqueue.listener.inline", endPoint.ToString()]);

        metrics.Remove(listener);
        observed.Record();
        Assert.False(observed.Has("kqueue.listener.inline", endPoint.ToString()));
    }

    [Fact]
    public void Meter_AListener_TellsWhatItAcceptsAndWhatFails()
    {
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 1 });
        using var metrics = new TransportMetrics(group, meterFactory: null);
        using var observed = new Observed(metrics.Meter);
        var listener = new MeasuredListener(new UnixDomainSocketEndPoint("/a"), RunsInline: true) { QueueLength = 7 };
        listener.Statistics.CountAccept();
        listener.Statistics.CountAccept();
        listener.Statistics.CountRefusal(ListenerLimit.Address);
        listener.Statistics.CountRefusal(ListenerLimit.Address);
        listener.Statistics.CountRefusal(ListenerLimit.Address);
        listener.Statistics.CountWait(ListenerLimit.Rate);
        listener.Statistics.CountError(Errno.EMFILE);
        listener.Statistics.CountPause();
        listener.Statistics.CountEnd(ShutdownReason.PeerReset);

        metrics.Add(listener);
        observed.Record();

        Assert.Equal(2, observed["kqueue.listener.accepts", "/a"]);
        Assert.Equal(3, observed["kqueue.listener.refusals", "/a,address"]);
        Assert.Equal(0, observed["kqueue.listener.refusals", "/a,descriptors"]);
        Assert.Equal(1, observed["kqueue.listener.waits", "/a,rate"]);
        Assert.Equal(7, observed["kqueue.listener.queue.length", "/a"]);
        Assert.Equal(1, observed["kqueue.listener.accept_errors", "/a,EMFILE"]);
        Assert.Equal(1, observed["kqueue.listener.pauses", "/a"]);
        Assert.Equal(1, observed["kqueue.listener.ends", "/a,peer_reset"]);
        Assert.Equal(0, observed["kqueue.listener.ends", "/a,aborted"]);
    }

    [Fact]
    public void Readme_TableOfInstruments_IsWhatTheMeterHas()
    {
        using var group = new EventLoopGroup(new EventLoopGroupOptions { LoopCount = 1 });
        using var metrics = new TransportMetrics(group, meterFactory: null);
        using var observed = new Observed(metrics.Meter);
        var listener = new MeasuredListener(new UnixDomainSocketEndPoint("/a"), RunsInline: true);
        listener.Statistics.CountError(Errno.EMFILE);

        metrics.Add(listener);
        observed.Record();
        metrics.Tcp.Add(new TcpInfo { DeliveryRate = 1 }, listener.EndPoint);
        group.Loops[0].QueueDelays!.Add(group.Loops[0], TimeSpan.Zero);

        Assert.Equal(observed.Descriptions.Order(), DocumentedInstruments().Order());
    }

    private static IEnumerable<string> DocumentedInstruments()
    {
        using var stream = typeof(TransportMetricsTests).Assembly.GetManifestResourceStream("README.md")!;
        foreach (Match row in Instrument().Matches(new StreamReader(stream).ReadToEnd()))
        {
            var attributes = string.Join(
                ',', Attribute().Matches(row.Groups["attributes"].Value).Select(name => name.Value.Trim('`')));
            yield return $"{row.Groups["name"]} {row.Groups["type"]} {row.Groups["unit"]} {attributes}";
        }
    }

    private sealed record MeasuredListener(EndPoint EndPoint, bool RunsInline) : IMeasuredListener
    {
        public ListenerStatistics Statistics { get; } = new();

        public Scheduling Scheduling => Scheduling.Adaptive;

        public int QueueLength { get; init; }
    }

    private static void Compute(TimeSpan duration)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            Thread.SpinWait(100);
        }
    }

    [GeneratedRegex(
        @"^\| `(?<name>kqueue\.[a-z._]+)` \| (?<type>[a-z -]+) \| `(?<unit>[^`]+)` \| (?<attributes>[^|]*) \|",
        RegexOptions.Multiline)]
    private static partial Regex Instrument();

    // An attribute's name has a dot; its values have none.
    [GeneratedRegex(@"`[a-z_]+(\.[a-z_]+)+`")]
    private static partial Regex Attribute();

    /// <summary>The last measurement of each instrument of one meter, by instrument and tag values.</summary>
    private sealed class Observed : IDisposable
    {
        private readonly ConcurrentDictionary<(string Instrument, string? Tag), double> _values = new();
        private readonly ConcurrentDictionary<string, bool> _descriptions = new();
        private readonly MeterListener _listener = new();

        public Observed(Meter meter)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Set(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Set(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Set(instrument, value, tags));
            _listener.Start();
        }

        /// <summary>Gets name, type, unit and attributes of every instrument that had a measurement.</summary>
        public IEnumerable<string> Descriptions => _descriptions.Keys;

        public double this[string instrument, string? tag] => _values[(instrument, tag)];

        public bool Has(string instrument, string? tag) => _values.ContainsKey((instrument, tag));

        public void Record()
        {
            _values.Clear();
            _listener.RecordObservableInstruments();
        }

        public void Dispose() => _listener.Dispose();

        private void Set(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var all = tags.ToArray();
            _values[(instrument.Name, string.Join(',', all.Select(tag => tag.Value)))] = value;
            _descriptions[$"{instrument.Name} {TypeOf(instrument)} {instrument.Unit} " +
                string.Join(',', all.Select(tag => tag.Key))] = true;
        }

        private static string TypeOf(Instrument instrument) => instrument.GetType().Name switch
        {
            "ObservableCounter`1" => "counter",
            "ObservableUpDownCounter`1" => "up-down counter",
            "ObservableGauge`1" => "gauge",
            "Histogram`1" => "histogram",
            var name => name,
        };
    }
}
