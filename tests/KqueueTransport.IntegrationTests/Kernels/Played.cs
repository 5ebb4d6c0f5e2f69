namespace KqueueTransport.IntegrationTests.Kernels;

/// <summary>The transport on the kernels of other systems, played.</summary>
public static class Played
{
    /// <summary>The variable by which a process of samples/WebApp learns its kernel.</summary>
    internal const string LayoutVariable = "KQUEUE_PLAYED";

    public static TestTransport Darwin { get; } = On("darwin");

    public static TestTransport FreeBsd { get; } = On("freebsd");

    public static TestTransport NetBsd { get; } = On("netbsd");

    public static TestTransport Libkqueue { get; } = On("libkqueue");

    private static TestTransport On(string layout) =>
        TestTransport.KqueueAdaptive.With(options => options.Backend = new PlayedBackend(layout)) with
        {
            Environment = new Dictionary<string, string>
            {
                ["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location,
                [LayoutVariable] = layout,
            },
        };
}
