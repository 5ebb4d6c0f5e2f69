using Kqueue;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>One filter that a queue watches.</summary>
internal sealed class Knote(nint ident, KEventFilter filter, KEventFlags mode)
{
    public nint Ident => ident;

    public KEventFilter Filter => filter;

    public bool IsOneShot => (mode & KEventFlags.OneShot) != 0;

    public bool IsClear => (mode & KEventFlags.Clear) != 0;

    public nint UserData { get; set; }

    /// <summary>It has something to report.</summary>
    public bool IsActive { get; set; }
}
