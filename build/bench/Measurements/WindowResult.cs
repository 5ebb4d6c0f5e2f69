namespace Bench.Measurements;

/// <summary>A measurement and where it belongs.</summary>
/// <param name="Case">The case's name.</param>
/// <param name="Server">The server's name.</param>
/// <param name="Process">Which of the server's processes.</param>
/// <param name="Round">Windows of the same round follow each other, so that they can be compared.</param>
/// <param name="Measurement">What was measured.</param>
internal sealed record WindowResult(string Case, string Server, int Process, int Round, Measurement Measurement);
