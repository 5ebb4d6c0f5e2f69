namespace Kqueue.Tests.Native;

/// <summary>What kevent was called with; the timeout is null for a null pointer.</summary>
internal sealed record ScriptedCall(
    PlayedEntry[] Changes, int EventCapacity, (long Seconds, long Nanoseconds)? Timeout);

/// <summary>What kevent answers: events, or -1 with an errno.</summary>
internal sealed record ScriptedAnswer(PlayedEntry[] Events, int Errno = 0);
