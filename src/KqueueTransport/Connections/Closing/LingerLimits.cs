namespace KqueueTransport.Connections.Closing;

/// <summary>How long a closed connection of one loop may wait for its peer's end.</summary>
/// <param name="Timeout">At most; not zero.</param>
/// <param name="BytesMax">What it receives meanwhile at most.</param>
/// <param name="ConnectionsMax">How many wait at the same time.</param>
internal sealed record LingerLimits(TimeSpan Timeout, long BytesMax, int ConnectionsMax);
