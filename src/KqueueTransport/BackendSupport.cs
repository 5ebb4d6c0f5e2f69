using Kqueue;

namespace KqueueTransport;

/// <summary>Whether this transport can run on a platform.</summary>
/// <param name="MissingBecause">Why it cannot; null where it can.</param>
internal sealed record BackendSupport(string? MissingBecause)
{
    public static BackendSupport OfThisSystem { get; } = new(KernelQueue.UnsupportedReason);

    public bool IsPresent => MissingBecause is null;
}
