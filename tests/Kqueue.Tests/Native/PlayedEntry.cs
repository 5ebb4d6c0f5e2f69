namespace Kqueue.Tests.Native;

/// <summary><c>struct kevent</c> with the fields as the played system has them.</summary>
internal readonly record struct PlayedEntry(
    nint Ident, int Filter, uint Flags, uint Notes = 0, long Data = 0, nint UserData = 0);
