namespace FileSwarm.Commands;

/// <summary>Where the copies go: the folder that the user wants, or one of its own that goes away again.</summary>
internal sealed class CopyFolder : IDisposable
{
    private readonly bool _isTemporary;

    public CopyFolder(string? wanted)
    {
        _isTemporary = wanted is null;
        Path = wanted is null
            ? Directory.CreateTempSubdirectory("fileswarm-").FullName
            : Directory.CreateDirectory(wanted).FullName;
    }

    public string Path { get; }

    public void Dispose()
    {
        if (_isTemporary)
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
