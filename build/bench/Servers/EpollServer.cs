using System.Diagnostics;
using Bench.Tools;

namespace Bench.Servers;

/// <summary>The small C server of this folder, compiled here: what the kernel and the machine allow.</summary>
internal sealed class EpollServer() : BenchServer("epoll", "epoll in C, one thread")
{
    private static readonly Tool s_compiler = new("gcc");

    // Compiled once for all processes. Null until the first.
    private Task<string>? _program;

    public override bool IsWebApp => false;

    public override string? Missing => s_compiler.Path is null ? "gcc is not installed" : null;

    public override async Task<ServerProcess> StartAsync(ServerSetting setting, CancellationToken cancellation)
    {
        var program = await (_program ??= CompileAsync(cancellation));
        return await ServerProcess.StartAsync(
            new ProcessStartInfo(program, [$"{setting.Address}"]), setting, cancellation);
    }

    private static async Task<string> CompileAsync(CancellationToken cancellation)
    {
        var source = Path.Combine(BuildOutput.RepositoryRoot, "build", "bench", "epoll-hello", "epoll-hello.c");
        var program = Path.Combine(AppContext.BaseDirectory, "epoll-hello");
        await s_compiler.RunAsync(["-O2", "-Wall", "-Wextra", "-o", program, source], cancellation);
        return program;
    }
}
