namespace KqueueTransport.IntegrationTests.Net;

/// <summary>
/// Paths for Unix sockets, short enough for every system, in a folder that goes with the process: a server that is
/// killed leaves its file.
/// </summary>
internal static class UnixPath
{
    private static readonly string s_folder = MakeFolder();

    public static string Next() =>
        Path.Combine(s_folder, Path.ChangeExtension(Path.GetRandomFileName(), "sock"));

    // Other users may connect, too, where a socket's own mode lets them.
    private static string MakeFolder()
    {
        var folder = Directory.CreateTempSubdirectory("kq-");
        if (!OperatingSystem.IsWindows())
        {
            folder.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        }

        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        return folder.FullName;
    }
}
