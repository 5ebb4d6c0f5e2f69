namespace Bench.Servers;

/// <summary>A server that can be measured.</summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
internal abstract class BenchServer(string name, string title)
{
    public string Name { get; } = name;

    public string Title { get; } = title;

    /// <summary>Whether it is an ASP.NET Core app, and so has all that the cases ask for.</summary>
    public abstract bool IsWebApp { get; }

    /// <summary>Why it cannot run here; null when it can.</summary>
    public virtual string? Missing => null;

    /// <summary>Starts it in a fresh process.</summary>
    /// <param name="setting">What the case asks for.</param>
    /// <param name="cancellation">Ends the start early.</param>
    public abstract Task<ServerProcess> StartAsync(ServerSetting setting, CancellationToken cancellation);
}
