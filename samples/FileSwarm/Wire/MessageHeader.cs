namespace FileSwarm.Wire;

/// <summary>The fixed part of every message.</summary>
/// <param name="Kind">What it says; it gives the numbers their meaning.</param>
/// <param name="Index">A chunk, mostly.</param>
/// <param name="Argument">Anything else.</param>
/// <param name="PayloadLength">How many bytes follow the header.</param>
internal readonly record struct MessageHeader(MessageKind Kind, int Index = 0, int Argument = 0, int PayloadLength = 0);
