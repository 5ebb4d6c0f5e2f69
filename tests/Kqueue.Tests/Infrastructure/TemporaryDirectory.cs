using System.Runtime.InteropServices;

namespace Kqueue.Tests.Infrastructure;

/// <summary>A directory for one test, and a descriptor of it.</summary>
internal sealed partial class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public TemporaryDirectory() => Descriptor = open(_directory.FullName, 0);

    public string Path => _directory.FullName;

    public int Descriptor { get; }

    public void Dispose()
    {
        _ = close(Descriptor);
        _directory.Delete(recursive: true);
    }

    // Without O_CREAT no variadic argument follows.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
