using System.Runtime.InteropServices;

namespace Kqueue.Tests.Infrastructure;

/// <summary>A child that the runtime knows nothing of, so that nobody waits for it but the test.</summary>
internal sealed unsafe partial class ChildProcess : IDisposable
{
    private readonly string _gate;

    private ChildProcess(string gate, int id)
    {
        _gate = gate;
        Id = id;
    }

    public int Id { get; }

    /// <summary>Runs a shell script, whose <c>read</c> gets a line when the test lets it go.</summary>
    public static ChildProcess Start(string script)
    {
        var gate = Path.GetTempFileName();
        File.Delete(gate);
        Assert.Equal(0, mkfifo(gate, 0x180));
        string?[] arguments = ["sh", "-c", $"exec <'{gate}'; {script}", null];
        string?[] environment = ["PATH=/bin:/usr/bin", null];
        Assert.Equal(0, posix_spawn(out var id, "/bin/sh", null, null, arguments, environment));
        return new ChildProcess(gate, id);
    }

    public void LetGo() => File.WriteAllText(_gate, "\n");

    public void Dispose()
    {
        _ = kill(Id, 9);
        _ = waitpid(Id, null, 0);
        File.Delete(_gate);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(
        out int id, string path, void* actions, void* attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc")]
    private static partial int waitpid(int id, int* status, int options);

    [LibraryImport("libc")]
    private static partial int kill(int id, int signal);
}
