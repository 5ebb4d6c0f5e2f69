namespace Common.Net;

/// <summary>The bytes of samples/WebApp's /big; their period divides no block size, so a swapped block shows.</summary>
internal static class Pattern
{
    public const int MiB = 1 << 20;

    public static byte[] OneMiB { get; } = [.. Enumerable.Range(0, MiB).Select(i => (byte)(i % 251))];
}
