using System.Runtime.InteropServices;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport;

/// <summary>Whether this transport can run on a platform.</summary>
/// <param name="MissingBecause">Why it cannot, as the end of a sentence; null where it can.</param>
internal sealed record BackendSupport(string? MissingBecause)
{
    public bool IsPresent => MissingBecause is null;

    public static BackendSupport OfThisSystem() => new(
        !SocketNumbers.KnowThisSystem
            ? $"{RuntimeInformation.OSDescription} has no kernel event queue that this transport knows"
        : !Environment.Is64BitProcess
            ? "the process is a 32-bit one, and this transport knows the 64-bit layouts only"
        : null);
}
