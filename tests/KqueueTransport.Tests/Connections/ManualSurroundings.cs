using KqueueTransport.Connections.Contexts;

namespace KqueueTransport.Tests.Connections;

/// <summary>The process's thread pool, and a time that a test moves.</summary>
internal sealed class ManualSurroundings(TimeProvider clock) : Surroundings
{
    public override TimeProvider Clock => clock;
}
