namespace Bench.Tools;

/// <summary>What h2load is asked to do.</summary>
/// <param name="Connections">How many connections.</param>
/// <param name="Streams">How many requests are under way on each.</param>
/// <param name="Address">What is asked for.</param>
internal sealed record StreamLoad(int Connections, int Streams, Uri Address)
{
    /// <summary>Whether it speaks HTTP/1.1; otherwise it is HTTP/2 from the first byte.</summary>
    public bool IsHttp1 { get; init; }

    /// <summary>Requests that each connection makes in a second; null for as many as it can.</summary>
    public double? RatePerConnection { get; init; }
}
