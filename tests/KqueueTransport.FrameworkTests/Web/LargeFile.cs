namespace KqueueTransport.FrameworkTests.Web;

/// <summary>A file of 500 MB, of the pattern, written when a test first asks for it.</summary>
internal static class LargeFile
{
    public const string Name = "large.bin";
    public const long Length = 500_000_000;

    private static readonly Lazy<DirectoryInfo> s_folder = new(Write);

    public static string Folder => s_folder.Value.FullName;

    private static DirectoryInfo Write()
    {
        var folder = Directory.CreateTempSubdirectory("kqueue-transport-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        using var file = File.Create(Path.Combine(folder.FullName, Name));
        using var pattern = new PatternStream(Length, canSeek: false);
        pattern.CopyTo(file, Pattern.MiB);
        return folder;
    }
}
