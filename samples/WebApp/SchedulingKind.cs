namespace WebApp;

/// <summary>Where the application's code runs; <see cref="Default"/> leaves the choice to the transport.</summary>
internal enum SchedulingKind
{
    Default,
    ThreadPool,
    Inline,
}
