using System.Net;

namespace KqueueTransport.Diagnostics.Metrics;

/// <summary>What the meter observes of a listener. Any thread.</summary>
internal interface IMeasuredListener
{
    EndPoint EndPoint { get; }

    ListenerStatistics Statistics { get; }

    /// <summary>Where the application is to run.</summary>
    Scheduling Scheduling { get; }

    /// <summary>Whether the application runs on the loops at the moment.</summary>
    bool RunsInline { get; }

    /// <summary>Accepted connections that wait for AcceptAsync.</summary>
    int QueueLength { get; }
}
