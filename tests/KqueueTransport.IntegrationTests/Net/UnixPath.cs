namespace KqueueTransport.IntegrationTests.Net;

/// <summary>Paths for Unix sockets, short enough for every system.</summary>
internal static class UnixPath
{
    public static string Next() => Path.Combine(Path.GetTempPath(), $"kq-{Guid.NewGuid():N}.sock");
}
