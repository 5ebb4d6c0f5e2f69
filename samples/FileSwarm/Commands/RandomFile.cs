namespace FileSwarm.Commands;

/// <summary>A file of random bytes to spread, which goes away again.</summary>
internal sealed class RandomFile : IDisposable
{
    private RandomFile(string path) => Path = path;

    public string Path { get; }

    public static RandomFile Create(long length)
    {
        var random = new RandomFile(System.IO.Path.GetTempFileName());
        using var file = File.OpenHandle(random.Path, FileMode.Create, FileAccess.Write, preallocationSize: length);
        var bytes = new byte[1024 * 1024];
        for (var offset = 0L; offset < length; offset += bytes.Length)
        {
            Random.Shared.NextBytes(bytes);
            RandomAccess.Write(file, bytes.AsSpan(0, (int)Math.Min(bytes.Length, length - offset)), offset);
        }

        return random;
    }

    public void Dispose() => File.Delete(Path);
}
