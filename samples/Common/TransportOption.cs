using System.CommandLine;

namespace Samples.Common;

/// <summary>The option <c>--transport</c> of samples that run on the kqueue transport or without it.</summary>
public sealed class TransportOption : Option<string>
{
    /// <summary>Makes the option.</summary>
    /// <param name="sockets">What <c>sockets</c> is, for comparison.</param>
    public TransportOption(string sockets)
        : base("--transport")
    {
        Description = $"kqueue, or sockets: {sockets}, for comparison.";
        DefaultValueFactory = _ => "kqueue";
        this.OneOf(["kqueue", "sockets"]);
    }
}
