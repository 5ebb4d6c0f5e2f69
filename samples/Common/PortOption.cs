using System.CommandLine;

namespace Samples.Common;

/// <summary>Where a sample listens.</summary>
public sealed class PortOption : Option<int>
{
    /// <summary>Makes the option <c>--port</c>.</summary>
    /// <param name="port">Its default.</param>
    public PortOption(int port)
        : base("--port")
    {
        Description = "The TCP port on the loopback interface. 0 picks a free one.";
        DefaultValueFactory = _ => port;
        this.InRange(0, ushort.MaxValue);
    }
}
