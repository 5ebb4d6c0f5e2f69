namespace Kqueue.Tests.Infrastructure;

/// <summary>Short names for the changes that tests hand in.</summary>
internal static class Changes
{
    public static KEvent Read(TestSocket socket, KEventFlags flags, nint userData = 0) =>
        new(socket.Ident, KEventFilter.Read, flags, userData: userData);

    public static KEvent Write(TestSocket socket, KEventFlags flags, nint userData = 0) =>
        new(socket.Ident, KEventFilter.Write, flags, userData: userData);

    public static KEvent User(nint ident, KEventFlags flags, nint userData = 0) =>
        new(ident, KEventFilter.User, flags, userData: userData);

    public static KEvent Trigger(nint ident, nint userData = 0, KEventFlags flags = KEventFlags.None) =>
        new(ident, KEventFilter.User, flags, KEventNotes.Trigger, userData: userData);

    public static KEvent Timer(nint ident, KEventFlags flags, KEventNotes notes, long data, nint userData = 0) =>
        new(ident, KEventFilter.Timer, flags, notes, data, userData);
}
