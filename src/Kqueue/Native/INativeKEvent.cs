namespace Kqueue.Native;

/// <summary>A layout of <c>struct kevent</c>, with the fields at the widest width that any system gives them.</summary>
/// <typeparam name="TSelf">The layout.</typeparam>
internal interface INativeKEvent<TSelf>
    where TSelf : unmanaged, INativeKEvent<TSelf>
{
    /// <summary>Whether kevent takes its counts as <c>size_t</c> instead of <c>int</c>.</summary>
    static abstract bool HasWideCounts { get; }

    nint Ident { get; }

    int Filter { get; }

    KEventFlags Flags { get; }

    uint Notes { get; }

    long Data { get; }

    nint UserData { get; }

    static abstract TSelf From(nint ident, int filter, KEventFlags flags, uint notes, long data, nint userData);
}
