using System.Net;

namespace StreamingServer;

/// <summary>What the command line asked for.</summary>
/// <param name="EndPoint">Where to listen; port 0 picks a free one.</param>
/// <param name="MaxClients">How many clients are served at a time; one more is refused.</param>
/// <param name="QueueBytesMax">How many bytes may wait for one client before it is dropped.</param>
/// <param name="Chat">Whether what one client says goes to the others.</param>
/// <param name="Redis">The Redis that joins several servers into one room, as HOST:PORT; null is none.</param>
/// <param name="Name">What the other servers of the room call this one.</param>
internal sealed record StreamingOptions(
    IPEndPoint EndPoint, int MaxClients, int QueueBytesMax, bool Chat, string? Redis, string Name);
