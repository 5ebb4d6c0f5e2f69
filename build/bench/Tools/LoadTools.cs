namespace Bench.Tools;

/// <summary>The programs that load a server, and the machine that they run on.</summary>
internal sealed class LoadTools
{
    // Where the files of the folder "client" lie on another machine.
    private const string RemoteFolder = "/tmp";

    /// <summary>Finds them.</summary>
    /// <param name="host">The machine, as ssh knows it; null for this one.</param>
    /// <param name="threads">The threads of each; null for half of this machine's processors.</param>
    public LoadTools(string? host, int? threads)
    {
        Host = host;

        // Half of the machine, so that the server has the other half.
        Threads = threads ?? Math.Max(1, Environment.ProcessorCount / 2);
        Wrk = new Tool("wrk", host);
        H2Load = new Tool("h2load", host);
    }

    /// <summary>The machine that loads; null for this one.</summary>
    public string? Host { get; }

    /// <summary>The threads of a load tool.</summary>
    public int Threads { get; }

    public Tool Wrk { get; }

    public Tool H2Load { get; }

    /// <summary>Brings the files that they read to their machine.</summary>
    /// <exception cref="ToolException">It cannot be reached.</exception>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        if (Host is not null)
        {
            await new Tool("scp").RunAsync(
                ["-q", .. Directory.GetFiles(LocalFolder), $"{Host}:{RemoteFolder}"], cancellation);
        }
    }

    /// <summary>Where the tools find a file of the folder "client".</summary>
    public string PathOf(string file) => Path.Combine(Host is null ? LocalFolder : RemoteFolder, file);

    private static string LocalFolder => Path.Combine(AppContext.BaseDirectory, "client");
}
