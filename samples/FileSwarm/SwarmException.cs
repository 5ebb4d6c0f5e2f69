namespace FileSwarm;

/// <summary>Something that the user should read, in one sentence: why a copy was not made.</summary>
internal sealed class SwarmException(string message) : IOException(message);
