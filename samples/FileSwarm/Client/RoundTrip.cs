namespace FileSwarm.Client;

/// <summary>One answered request.</summary>
/// <param name="Client">From 1 on.</param>
/// <param name="Chunk">What was asked for.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Attempts">How often it was asked for.</param>
/// <param name="AnsweredAt">When it came, from the start of the transfer.</param>
/// <param name="Time">From the first request to the answer.</param>
internal readonly record struct RoundTrip(
    int Client, int Chunk, int Bytes, int Attempts, TimeSpan AnsweredAt, TimeSpan Time);
