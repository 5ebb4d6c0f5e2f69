namespace KqueueTransport;

/// <summary>Times that several parts of the transport go by.</summary>
internal static class Times
{
    /// <summary>
    /// When the kernel is asked again that was short of something, and tells nobody when that is over: unnoticed, and
    /// costs nothing.
    /// </summary>
    public static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// What connections that were accepted last get to bring their requests to the application, before a server stops:
    /// the threads of a busy machine need some of it.
    /// </summary>
    public static readonly TimeSpan LastRequests = TimeSpan.FromSeconds(1);

    /// <summary>Longer than somebody is likely to wait who gets no answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
}
