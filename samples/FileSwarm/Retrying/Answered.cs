namespace FileSwarm.Retrying;

/// <summary>A question that has its answer.</summary>
/// <param name="RoundTrip">From the first time that it was asked.</param>
/// <param name="Attempts">How often it was asked.</param>
internal readonly record struct Answered(TimeSpan RoundTrip, int Attempts);
