using Kqueue.EventLoops;

namespace KqueueTransport.Connections.Contexts;

/// <summary>The event loops as the connections of one endpoint see them: each with that endpoint's settings.</summary>
internal sealed class EndPointLoops(EventLoopGroup group, IReadOnlyDictionary<EventLoop, ConnectionSettings> settings)
{
    /// <summary>The settings of the loop with the fewest connections.</summary>
    public ConnectionSettings LeastLoaded() => settings[group.LeastLoaded()];
}
