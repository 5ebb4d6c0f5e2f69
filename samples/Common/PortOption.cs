using System.CommandLine;

namespace Samples.Common;

/// <summary>A TCP port of a sample.</summary>
public sealed class PortOption : Option<int>
{
    /// <summary>Makes the option <c>--port</c>: where a sample listens.</summary>
    /// <param name="port">Its default.</param>
    public PortOption(int port)
        : base("--port")
    {
        Description = "The TCP port on the loopback interface. 0 picks a free one.";
        DefaultValueFactory = _ => port;
        this.InRange(0, ushort.MaxValue);
    }

    /// <summary>Makes an option for a port that others have to know, so that none can be picked.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="port">Its default; null where there is none, and then it is 0.</param>
    public PortOption(string name, int? port = null)
        : base(name)
    {
        DefaultValueFactory = port is { } value ? _ => value : null;
        this.InRange(1, ushort.MaxValue);
    }
}
