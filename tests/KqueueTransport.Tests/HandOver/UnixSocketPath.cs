namespace KqueueTransport.Tests.HandOver;

/// <summary>A short path of this test's own, below one of the limits of any system, and its file.</summary>
internal sealed class UnixSocketPath : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"ho{Guid.NewGuid():N}"[..16]);

    public bool Exists => File.Exists(Path);

    public void Dispose() => File.Delete(Path);
}
